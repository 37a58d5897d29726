import { isJsonObject, type JsonObject } from "../json-object.ts";

/** Where a request of any dialect has its text; images, tools and settings are left out. */
const textFields: ReadonlySet<string> = new Set([
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
]);

/**
 * Characters of a prompt for each token, roughly, in most languages and tokenizers. A prompt given
 * as token numbers counts like the text they stand for.
 */
export const charsPerToken = 4;

/**
 * The same for a reservation. Code and some languages have fewer characters to a token, and too
 * large a reservation is corrected when the true number is known; a limit that was passed is not.
 */
export const fewestCharsPerToken = 3;

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
    // A message has fewer fields than there are names.
    for (const name in value) if (textFields.has(name)) sum += sizeOf(value[name], depth + 1);
  }
  return sum;
}

/** Characters of text in a request's prompt: an estimate of its size, not a count. */
export function inputChars(body: JsonObject): number {
  return sizeOf(body, 0);
}
