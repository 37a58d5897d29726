import { holds, says, valueAt } from "../sse/event-scan.ts";

/** `data: [DONE]`, the end of the streams of chat and text completions. */
export function isDone(event: string): boolean {
  if (event.startsWith("data: {")) return false;
  if (event.startsWith("data: [DONE]") || event.startsWith("data:[DONE]")) return true;
  // Behind a comment or `event:` line of its own; a line break cannot stand inside JSON text.
  return event.includes("\ndata: [DONE]") || event.includes("\ndata:[DONE]");
}

/** llama.cpp tells its `timings` in every dialect it speaks. */
export function carriesUsage(event: string): boolean {
  return holds(event, 'usage"', 0x7b) || holds(event, 'timings"', 0x7b);
}

/** The usage chunk: no choice in it. Dropped if the client did not ask for it. */
export function isOnlyUsage(event: string): boolean {
  const at = valueAt(event, 'choices"', 0);
  if (at < 0 || event.charCodeAt(at) !== 0x5b) return false;
  let next = at + 1;
  while (event.charCodeAt(next) === 0x20) next += 1;
  return event.charCodeAt(next) === 0x5d && holds(event, 'usage"', 0x7b);
}

const chatTexts = ['content"', 'reasoning_content"', 'reasoning"', 'arguments"', 'refusal"'];

/** Any text that a chunk of a chat may bring. */
export function carriesChatText(event: string): boolean {
  return chatTexts.some((key) => says(event, key));
}

/** True if the value at `at` is a field of the event's own object, and not of one inside it. */
function isTopLevel(event: string, at: number): boolean {
  let depth = 0;
  let isText = false;
  for (let next = event.indexOf("{"); next < at; next += 1) {
    const code = event.charCodeAt(next);
    if (isText) {
      if (code === 0x5c) next += 1;
      else if (code === 0x22) isText = false;
    } else if (code === 0x22) isText = true;
    else if (code === 0x7b || code === 0x5b) depth += 1;
    else if (code === 0x7d || code === 0x5d) depth -= 1;
  }
  return depth === 1;
}

const isSpace = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d;

/** The event without the field whose value, `null`, is at `at`, and without its comma. */
function withoutField(event: string, key: string, at: number): string {
  let start = event.lastIndexOf(`"${key}"`, at);
  let end = at + "null".length;
  while (isSpace(event.charCodeAt(end))) end += 1;
  let before = start - 1;
  while (isSpace(event.charCodeAt(before))) before -= 1;
  if (event.charCodeAt(before) === 0x2c) start = before;
  else if (event.charCodeAt(end) === 0x2c) end += 1;
  return event.slice(0, start) + event.slice(end);
}

/**
 * The event without `"usage":null`, which OpenAI puts into every chunk once usage is asked for.
 * Clients that did not ask may take no null there.
 */
export function withoutNullUsage(event: string): string {
  for (let at = valueAt(event, 'usage"', 0); at >= 0; at = valueAt(event, 'usage"', at)) {
    if (!event.startsWith("null", at) || !isTopLevel(event, at)) continue;
    return withoutField(event, "usage", at);
  }
  return event;
}
