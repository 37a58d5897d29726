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
