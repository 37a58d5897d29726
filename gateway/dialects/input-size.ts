import { isJsonObject, type JsonObject } from "./json/json-body.ts";

/** Where a request of any dialect has its text; images, tools and settings are left out. */
const textFields: readonly string[] = [
  "messages",
  "prompt",
  "input",
  "content",
  "text",
  "system",
  "instructions",
  "arguments",
  "output",
  "query",
  "documents",
];

/** A prompt given as token numbers counts like the text they stand for. */
const charsPerToken = 4;
/** Text stands near the top; what is nested deeper is data. */
const maxDepth = 8;

function sizeOf(value: unknown, depth: number): number {
  if (typeof value === "string") return value.length;
  if (typeof value === "number") return charsPerToken;
  if (depth >= maxDepth) return 0;
  let sum = 0;
  if (Array.isArray(value)) {
    for (const item of value) sum += sizeOf(item, depth + 1);
  } else if (isJsonObject(value)) {
    for (const name of textFields) sum += sizeOf(value[name], depth + 1);
  }
  return sum;
}

/** Characters of text in a request's prompt: an estimate of its size, not a count. */
export function inputChars(body: JsonObject): number {
  return sizeOf(body, 0);
}
