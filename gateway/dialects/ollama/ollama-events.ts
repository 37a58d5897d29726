import { isJsonObject, type JsonObject, jsonOrNull } from "../../json-object.ts";
import type { DialectEvents, DialectUsage } from "../dialect.ts";
import { holds, textsOf, valueAt } from "../sse/event-scan.ts";

/** The line as an object. Only lines that may mislead a search are parsed. */
function parsed(event: string): JsonObject {
  const value = jsonOrNull(event);
  return isJsonObject(value) ? value : {};
}

function isTrueAt(event: string, key: string): boolean {
  for (let at = valueAt(event, key, 0); at >= 0; at = valueAt(event, key, at)) {
    if (event.startsWith("true", at)) return true;
  }
  return false;
}

/** A call has its arguments as they are, and those may have any field. */
const hasCalls = (event: string): boolean => holds(event, 'tool_calls"', 0x5b);

const texts = ['content"', 'response"', 'thinking"'];

export const ollamaEvents: DialectEvents = {
  isLast: (event) => isTrueAt(event, 'done"') && (!hasCalls(event) || parsed(event).done === true),
  hasLast: true,
  endedChoices: () => [],
  missingLast: "",
  isMute: () => false,
  isError(event) {
    if (event.startsWith('{"error"')) return true;
    if (valueAt(event, 'error"', 0) < 0) return false;
    const { error } = parsed(event);
    return error !== undefined && error !== null && error !== "";
  },
  isFailure: () => false,
  // A call comes whole, as an object.
  generated: (event) =>
    texts.map((key) => textsOf(event, key)).join("") + (hasCalls(event) ? event : ""),
  carriesUsage: (event) => valueAt(event, 'eval_count"', 0) >= 0,
};

/** Ollama tells its counts beside the answer, in the last object. */
export const ollamaUsage: DialectUsage = {
  holds: (name) => name === "prompt_eval_count" || name === "eval_count",
  usageIn({ prompt_eval_count: input, eval_count: output }) {
    if (input === undefined && output === undefined) return null;
    // It leaves out a count of 0, which only a prompt that is cached whole has.
    return { input_tokens: input, output_tokens: output };
  },
};
