import { isJsonObject, type JsonObject } from "../../json-object.ts";

/** What is read: a whole answer, or a chunk. A chunk may hold pieces of calls. */
export type Extent = "whole" | "chunk";

/**
 * The calls in what a model said, as OpenAI writes them. Servers also write one call without a
 * list, a list as an object, and the older `function_call`.
 */
export function mendedCalls(said: JsonObject, extent: Extent): JsonObject[] {
  const { tool_calls: told, function_call: older } = said;
  const calls = Array.isArray(told) ? told : isJsonObject(told) ? listIn(told) : [];
  const found = calls.filter(isJsonObject).map((call) => mendedCall(call, extent));
  if (found.length > 0 || !isJsonObject(older)) return found;
  return [mendedCall({ index: 0, function: older }, extent)];
}

const listIn = (calls: JsonObject): unknown[] =>
  isCall(calls) ? [calls] : Object.values(calls).filter((one) => isJsonObject(one) && isCall(one));

const isCall = (call: JsonObject): boolean =>
  isJsonObject(call.function) || typeof call.name === "string";

function mendedCall(call: JsonObject, extent: Extent): JsonObject {
  const { index, id, function: told, ...rest } = call;
  // Some servers leave out `function`, and write its fields beside the id.
  const { name, arguments: input, ...more } = isJsonObject(told) ? told : call;
  return {
    ...rest,
    ...numbered(index),
    ...named(id),
    function: {
      ...(isJsonObject(told) ? more : {}),
      ...(typeof name === "string" ? { name } : {}),
      ...writtenArguments(input, extent),
    },
  };
}

/** A number, or one as text. Without one the order of the calls counts. */
function numbered(index: unknown): JsonObject {
  const number = typeof index === "string" && index !== "" ? Number(index) : index;
  return Number.isInteger(number) ? { index: number } : {};
}

function named(id: unknown): JsonObject {
  return typeof id === "string" || typeof id === "number" ? { id: String(id) } : {};
}

/** JSON text, not the object that the text stands for; a call without arguments has none. */
function writtenArguments(input: unknown, extent: Extent): JsonObject {
  if (typeof input === "string") return { arguments: input };
  if (isJsonObject(input)) return { arguments: JSON.stringify(input) };
  if (Array.isArray(input) && input.every((piece) => typeof piece === "string")) {
    return { arguments: input.join("") };
  }
  return extent === "whole" ? { arguments: "{}" } : {};
}
