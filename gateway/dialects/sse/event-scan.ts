import { isJsonObject } from "../../json-object.ts";
import { isErrorBody } from "../error-body.ts";
import { eventData } from "./event-data.ts";

// What one server-sent event is, without parsing it. An event is one whole event as latin1 text
// (one character a byte, CRLF or LF, with or without its blank line). A search for `"key"` cannot
// be misled by what a model says: inside a JSON string its quotes would be escaped.

const quote = 0x22;
const backslash = 0x5c;

/**
 * Where the value of a key begins, at or after `from`; -1 where there is no such key. `key` is
 * written with its closing quote only: a search that starts with a letter is three times as fast as
 * one for a quote, of which JSON is full.
 */
export function valueAt(event: string, key: string, from: number): number {
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

/** True if some `"key"` has a value that begins with `first`. */
export function holds(event: string, key: string, first: number): boolean {
  for (let at = valueAt(event, key, 0); at >= 0; at = valueAt(event, key, at)) {
    if (event.charCodeAt(at) === first) return true;
  }
  return false;
}

/** True if some `"key"` has a text that is not empty. */
export function says(event: string, key: string): boolean {
  return textsOf(event, key) !== "";
}

/** All texts that `"key"` has in an event, as they stand in JSON, without their quotes. */
export function textsOf(event: string, key: string): string {
  let texts = "";
  for (let at = valueAt(event, key, 0); at >= 0; at = valueAt(event, key, at)) {
    if (event.charCodeAt(at) !== quote || event.charCodeAt(at + 1) === quote) continue;
    const end = endOfText(event, at + 1);
    texts += event.slice(at + 1, end);
    at = end;
  }
  return texts;
}

/** Where the quote stands that ends a JSON text, whose first character stands at `from`. */
function endOfText(event: string, from: number): number {
  for (let at = event.indexOf('"', from); at >= 0; at = event.indexOf('"', at + 1)) {
    let first = at;
    while (event.charCodeAt(first - 1) === backslash) first -= 1;
    if ((at - first) % 2 === 0) return at;
  }
  return event.length;
}

/**
 * The name in an event's `event:` line, wherever that line stands; null for no such line, and for
 * `message`, which is the name of events without one (WHATWG HTML §9.2.6).
 */
function nameLine(event: string): string | null {
  let at = event.startsWith("event:") ? 6 : event.indexOf("\nevent:") + 7;
  if (at < 7 && !event.startsWith("event:")) return null;
  if (event.charCodeAt(at) === 0x20) at += 1;
  let end = at;
  while (event.charCodeAt(end) > 0x1f) end += 1;
  const name = event.slice(at, end).trimEnd();
  return name === "" || name === "message" ? null : name;
}

/** The event's data as an object or a list; undefined if it is no such JSON. */
function parsed(event: string): unknown {
  // Each stream ends with `[DONE]`: to find by a throw that it is no JSON costs as much as 8 events.
  if (!event.includes("{")) return undefined;
  try {
    return JSON.parse(eventData(event));
  } catch {
    return undefined;
  }
}

/**
 * The event's own name: that of its `event:` line, else the `type` of its data, not one deeper in
 * it. The data of an event without that line is parsed only if it has the name somewhere.
 */
export function isNamed(event: string, name: string): boolean {
  const given = nameLine(event);
  if (given !== null) return given === name;
  if (!event.includes(name)) return false;
  const data = parsed(event);
  return isJsonObject(data) && data.type === name;
}

/** What nearly every event of a good stream has, one of them. */
const answers = ['choices"', 'candidates"'];

/**
 * True if the event is an error of any dialect; it ends the stream, though not in good order. An
 * event is parsed only if it has the word, or nothing of an answer.
 */
export function isErrorEvent(event: string): boolean {
  if (event.startsWith("error:")) return true;
  const name = nameLine(event);
  if (name === "error") return true;
  if (!event.includes("error")) {
    // Messages and Responses name their events.
    if (name !== null || answers.some((key) => holds(event, key, 0x5b))) return false;
  }
  return isErrorBody(parsed(event));
}
