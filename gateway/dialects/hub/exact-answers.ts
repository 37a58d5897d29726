import { randomUUID } from "node:crypto";
import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { isSuspicious, parseExact } from "../json/exact-json.ts";

// The hub's providers parse an answer, and with it the arguments of calls that are objects there. A
// number that JavaScript cannot hold passes through them as a text with a mark that no model knows.

const mark = `${randomUUID()}:`;

const marked = new RegExp(`"${mark}([^"]+)"`, "g");

function withMarks(value: unknown): unknown {
  if (JSON.isRawJSON(value)) return mark + value.rawJSON;
  if (Array.isArray(value)) return value.map(withMarks);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withMarks(one)]));
}

/** Fields that hold the arguments of a call: Anthropic's and Gemini's. */
const argumentFields: ReadonlySet<string> = new Set(["input", "args"]);

/** What stands around them. */
const around: ReadonlySet<string> = new Set([
  ...["content", "content_block", "candidates", "parts", "functionCall"],
]);

function markedIn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(markedIn);
  if (!isJsonObject(value) || JSON.isRawJSON(value)) return value;
  const out: Record<string, unknown> = {};
  for (const [name, one] of Object.entries(value)) {
    if (argumentFields.has(name)) out[name] = withMarks(one);
    else out[name] = around.has(name) ? markedIn(one) : one;
  }
  return out;
}

/**
 * A JSON answer of Anthropic's or Gemini's, or one event's data, with marks on the numbers in arguments
 * that a parser would change. What has none, or is no JSON, comes back as it is.
 */
export function withMarkedNumbers(text: string): string {
  if (!isSuspicious(text)) return text;
  try {
    const answer = parseExact(text) as JsonObject;
    return JSON.stringify(markedIn(answer));
  } catch {
    return text;
  }
}

/** The arguments of a call, as JSON text with its numbers as the upstream wrote them. */
export function withoutMarks(input: string): string {
  return input.includes(mark) ? input.replace(marked, "$1") : input;
}
