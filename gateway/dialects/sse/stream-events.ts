import type { Dialect } from "../../exchange.ts";

// What one server-sent event is, without parsing it. An event is one whole event as latin1 text
// (one character a byte, CRLF or LF, with or without its blank line). A search for `"key"` cannot
// be misled by what a model says: inside a JSON string its quotes would be escaped.

const quote = 0x22;

/**
 * Where the value of a key begins, at or after `from`; -1 where there is no such key. `key` is
 * written with its closing quote only: a search that starts with a letter is three times as fast as
 * one for a quote, of which JSON is full.
 */
function valueAt(event: string, key: string, from: number): number {
  for (let at = event.indexOf(key, from); at >= 0; at = event.indexOf(key, at + 1)) {
    if (event.charCodeAt(at - 1) !== quote) continue;
    let next = at + key.length;
    while (event.charCodeAt(next) === 0x20) next += 1;
    if (event.charCodeAt(next) !== 0x3a) continue;
    do next += 1;
    while (event.charCodeAt(next) === 0x20);
    return next;
  }
  return -1;
}

/** True where some `"key"` has a value that begins with `first`. */
function holds(event: string, key: string, first: number): boolean {
  for (let at = valueAt(event, key, 0); at >= 0; at = valueAt(event, key, at)) {
    if (event.charCodeAt(at) === first) return true;
  }
  return false;
}

/** True where some `"key"` has a text that is not empty. */
function says(event: string, key: string): boolean {
  for (let at = valueAt(event, key, 0); at >= 0; at = valueAt(event, key, at)) {
    if (event.charCodeAt(at) === quote && event.charCodeAt(at + 1) !== quote) return true;
  }
  return false;
}

/**
 * The event's own name: that of its `event:` line, else its data's `type`; compared, not copied.
 */
export function isNamed(event: string, name: string): boolean {
  if (event.startsWith("event:")) {
    const at = event.charCodeAt(6) === 0x20 ? 7 : 6;
    return event.startsWith(name, at) && event.charCodeAt(at + name.length) <= 0x20;
  }
  const at = valueAt(event, 'type"', 0);
  return (
    at >= 0 && event.startsWith(name, at + 1) && event.charCodeAt(at + 1 + name.length) === quote
  );
}

function isDone(event: string): boolean {
  if (event.startsWith("data: {")) return false;
  if (event.startsWith("data: [DONE]") || event.startsWith("data:[DONE]")) return true;
  // Behind a comment or `event:` line of its own; a line break cannot stand inside JSON text.
  return event.includes("\ndata: [DONE]") || event.includes("\ndata:[DONE]");
}

function isLastResponse(event: string): boolean {
  return (
    isNamed(event, "response.completed") ||
    isNamed(event, "response.incomplete") ||
    isNamed(event, "response.failed")
  );
}

/**
 * Gemini has no event for its end: the last chunk says why it is the last, or why the prompt was
 * refused.
 */
function isLastGemini(event: string): boolean {
  return says(event, 'finishReason"') || says(event, 'blockReason"');
}

/** The stream's last event: nothing may come after it, and without it the answer was cut. */
export function isTerminal(event: string, dialect: Dialect): boolean {
  switch (dialect) {
    case "messages":
      return isNamed(event, "message_stop");
    case "responses":
      return isLastResponse(event) || (!event.startsWith("event:") && isDone(event));
    case "gemini":
      return isLastGemini(event);
    default:
      return isDone(event);
  }
}

/**
 * True where the event holds numbers for a UsageReader; `"usage":null` holds none. `timings` are
 * llama.cpp's, which tells them in every dialect it speaks.
 */
export function carriesUsage(event: string, dialect: Dialect): boolean {
  if (dialect === "gemini") return holds(event, 'usageMetadata"', 0x7b);
  return holds(event, 'usage"', 0x7b) || holds(event, 'timings"', 0x7b);
}

/**
 * The usage chunk of a chat stream: no choice in it. Dropped where the client did not ask for it.
 */
export function isUsageOnly(event: string): boolean {
  const at = valueAt(event, 'choices"', 0);
  if (at < 0 || event.charCodeAt(at) !== 0x5b) return false;
  let next = at + 1;
  while (event.charCodeAt(next) === 0x20) next += 1;
  return event.charCodeAt(next) === 0x5d && holds(event, 'usage"', 0x7b);
}

const chatTexts = ['content"', 'reasoning_content"', 'reasoning"', 'arguments"', 'refusal"'];
const messagesTexts = ['text"', 'thinking"', 'partial_json"'];

/**
 * True where the event brings something generated: text, reasoning or a tool's arguments, not
 * empty. One such event is about one token. Roles, pings, usage and ends are none.
 */
export function carriesToken(event: string, dialect: Dialect): boolean {
  switch (dialect) {
    case "completions":
      return says(event, 'text"');
    case "gemini":
      // A call comes whole, as an object.
      return says(event, 'text"') || holds(event, 'functionCall"', 0x7b);
    case "messages":
      return isNamed(event, "content_block_delta") && messagesTexts.some((key) => says(event, key));
    case "responses":
      return says(event, 'delta"');
    default:
      return chatTexts.some((key) => says(event, key));
  }
}

/**
 * True where the event is an error of any dialect; it ends the stream, though not in good order.
 */
export function isErrorEvent(event: string): boolean {
  if (event.startsWith("event:")) return isNamed(event, "error");
  if (event.startsWith("error:")) return true;
  for (let at = valueAt(event, 'error"', 0); at >= 0; at = valueAt(event, 'error"', at)) {
    const first = event.charCodeAt(at);
    // Gemini's calls have their arguments as they are, and those may have such a field.
    if (first === 0x7b || first === quote) return !holds(event, 'candidates"', 0x5b);
  }
  return false;
}

/** How an event ends its stream: with an error, or as its last one. */
export type StreamEnd = "error" | "last";

/** True where an event that ends its stream says what went wrong. */
export function tellsError(event: string, end: StreamEnd): boolean {
  return end === "error" || isNamed(event, "response.failed");
}

/** What an event is to the stream it stands in; null for nearly all. */
export function endOf(event: string, dialect: Dialect): StreamEnd | null {
  if (isErrorEvent(event)) return "error";
  return isTerminal(event, dialect) ? "last" : null;
}
