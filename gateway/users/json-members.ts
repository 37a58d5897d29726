/** A member of a JSON object: its name, its value exactly as written, and where its name begins. */
export type JsonMember = { readonly name: string; readonly raw: string; readonly offset: number };

/**
 * A fault in JSON text. The message says what is wrong, never what stands there: that may be a key.
 */
export class JsonFault extends Error {
  readonly offset: number;

  constructor(offset: number, message: string) {
    super(message);
    this.name = "JsonFault";
    this.offset = offset;
  }
}

const MAX_DEPTH = 64;
const SPACE = " \t\n\r";
const ESCAPED = '"\\/bfnrt';
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const FOUR_HEX = /[0-9a-fA-F]{4}/y;
const LITERALS = ["true", "false", "null"];

/**
 * Reads the members of the one object `text` holds, in their order and with repeated names, which
 * JSON.parse would reorder ("42" before "a") and drop (the last one wins). JSON.parse also quotes
 * the text in its messages, so the fault's place is found here.
 * @throws JsonFault
 */
export function readMembers(text: string): JsonMember[] {
  const members: JsonMember[] = [];
  const start = skipSpace(text, text.startsWith("\uFEFF") ? 1 : 0);
  if (start >= text.length) throw new JsonFault(start, "the file is empty");
  if (text[start] !== "{") throw new JsonFault(start, "the file must be a JSON object");
  const end = skipSpace(
    text,
    endOfObject(text, start, 0, (member) => members.push(member)),
  );
  if (end < text.length) throw new JsonFault(end, "there is text after the end of the JSON");
  return members;
}

/** `line 3, column 7` of an offset, both counted from 1. */
export function placeOf(text: string, offset: number): string {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return `line ${line}, column ${offset - before.lastIndexOf("\n")}`;
}

function notJson(text: string, at: number): JsonFault {
  return at >= text.length
    ? new JsonFault(at, "the JSON ends too early")
    : new JsonFault(at, "not valid JSON");
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && SPACE.includes(text.charAt(at))) at++;
  return at;
}

function endOfValue(text: string, at: number, depth: number): number {
  const first = text[at];
  if (first === "{") return endOfObject(text, at, depth, null);
  if (first === "[") return endOfArray(text, at, depth);
  if (first === '"') return endOfString(text, at);
  const literal = LITERALS.find((word) => text.startsWith(word, at));
  if (literal !== undefined) return at + literal.length;
  NUMBER.lastIndex = at;
  if (!NUMBER.test(text)) throw notJson(text, at);
  return NUMBER.lastIndex;
}

function endOfObject(
  text: string,
  start: number,
  depth: number,
  onMember: ((member: JsonMember) => void) | null,
): number {
  if (depth > MAX_DEPTH) throw new JsonFault(start, "the JSON is nested too deeply");
  const seen = new Set<string>();
  let at = skipSpace(text, start + 1);
  if (text[at] === "}") return at + 1;
  for (;;) {
    const offset = at;
    if (text[at] !== '"') throw notJson(text, at);
    at = endOfString(text, at);
    const name = stringAt(text, offset, at);
    // A repeated key of the file is judged by its digest; a repeated field would be a silent
    // choice.
    if (onMember === null && seen.has(name)) throw new JsonFault(offset, "a field appears twice");
    seen.add(name);
    at = skipSpace(text, at);
    if (text[at] !== ":") throw notJson(text, at);
    const valueStart = skipSpace(text, at + 1);
    at = endOfValue(text, valueStart, depth + 1);
    onMember?.({ name, raw: text.slice(valueStart, at), offset });
    at = skipSpace(text, at);
    if (text[at] === "}") return at + 1;
    if (text[at] !== ",") throw notJson(text, at);
    at = skipSpace(text, at + 1);
  }
}

function endOfArray(text: string, start: number, depth: number): number {
  if (depth > MAX_DEPTH) throw new JsonFault(start, "the JSON is nested too deeply");
  let at = skipSpace(text, start + 1);
  if (text[at] === "]") return at + 1;
  for (;;) {
    at = skipSpace(text, endOfValue(text, at, depth + 1));
    if (text[at] === "]") return at + 1;
    if (text[at] !== ",") throw notJson(text, at);
    at = skipSpace(text, at + 1);
  }
}

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) return at + 1;
    if (code < 0x20) throw notJson(text, at);
    if (code !== 0x5c) continue;
    at++;
    if (text[at] === "u") {
      FOUR_HEX.lastIndex = at + 1;
      if (!FOUR_HEX.test(text)) throw notJson(text, Math.min(at + 1, text.length));
      at += 4;
    } else if (at < text.length && !ESCAPED.includes(text.charAt(at))) {
      throw notJson(text, at);
    }
  }
  throw notJson(text, text.length);
}

function stringAt(text: string, start: number, end: number): string {
  const value: unknown = JSON.parse(text.slice(start, end));
  return typeof value === "string" ? value : "";
}
