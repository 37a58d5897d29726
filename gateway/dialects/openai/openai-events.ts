import { isJsonObject, jsonOrNull } from "../../json-object.ts";
import { eventData } from "../sse/event-data.ts";
import { holds, says, textsOf, valueAt } from "../sse/event-scan.ts";

/** A line break cannot stand inside JSON text. */
const doneLine = /^data:[ \t]*\[DONE\][ \t\r]*$/m;

/** `data: [DONE]`, the end of the streams of chat and text completions. */
export function isDone(event: string): boolean {
  return !event.startsWith("data: {") && event.includes("[DONE]") && doneLine.test(event);
}

/** The choices of chat or text completions that have a `finish_reason` in this event. */
export function endedChoices(event: string): readonly number[] {
  if (!says(event, 'finish_reason"')) return [];
  const chunk = jsonOrNull(eventData(event));
  const choices = isJsonObject(chunk) && Array.isArray(chunk.choices) ? chunk.choices : [];
  return choices.flatMap((choice) => {
    if (!isJsonObject(choice) || typeof choice.finish_reason !== "string") return [];
    return choice.finish_reason === "" ? [] : [Number(choice.index ?? 0)];
  });
}

/** Fields with numbers. llama.cpp tells its `timings` in every dialect it speaks. */
const numbers = ['usage"', 'timings"', 'usageMetadata"', 'billed_units"'];

/** True if an event tells usage, in whatever way the servers have that speak several dialects. */
export function carriesUsage(event: string): boolean {
  return numbers.some((key) => holds(event, key, openBrace));
}

const openBrace = 0x7b;

/** The usage chunk: no choice in it. Dropped if the client did not ask for it. */
export function isOnlyUsage(event: string): boolean {
  const at = valueAt(event, 'choices"', 0);
  if (at < 0 || event.charCodeAt(at) !== 0x5b) return false;
  let next = at + 1;
  while (event.charCodeAt(next) === 0x20) next += 1;
  return event.charCodeAt(next) === 0x5d && holds(event, 'usage"', 0x7b);
}

const chatTexts = ['content"', 'reasoning_content"', 'reasoning"', 'arguments"', 'refusal"'];

/** All text that a chunk of a chat brings, as it stands in JSON. */
export function chatText(event: string): string {
  let text = "";
  for (const key of chatTexts) text += textsOf(event, key);
  return text;
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
