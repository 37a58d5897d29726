import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { commonUsage, countsOf, isCounted } from "../usage.ts";

/** True if an answer or chunk may have what `mendedChat` mends; it is not parsed for that. */
export const isOdd = (text: string): boolean => odd.test(text);

const odd = /"(usage|arguments)"\s*:\s*\{/;

/**
 * An answer of chat completions, or a chunk of one, as OpenAI writes it: its usage at the top,
 * whatever place its server has for it, the arguments of its calls as JSON text, not as the object
 * that the text stands for, and a list of choices.
 */
export function mendedChat(body: JsonObject): JsonObject {
  const choices = Array.isArray(body.choices) ? body.choices.map(withWrittenArguments) : [];
  const { usage: _usage, ...rest } = body;
  const usage = writtenUsage(commonUsage.usageIn(body));
  return { ...rest, choices, ...(usage === null ? {} : { usage }) };
}

/** OpenAI's fields, as far as they are known; null if the server has counted nothing. */
function writtenUsage(told: JsonObject | null): JsonObject | null {
  const counts = countsOf(told);
  if (counts === null || !isCounted(counts)) return null;
  const { input, output, cached, reasoning } = counts;
  return {
    ...(input === null ? {} : { prompt_tokens: input }),
    ...(output === null ? {} : { completion_tokens: output }),
    ...(cached === null ? {} : { prompt_tokens_details: { cached_tokens: cached } }),
    ...(reasoning === null ? {} : { completion_tokens_details: { reasoning_tokens: reasoning } }),
  };
}

/** An answer of chat completions that came whole, as the one chunk of a stream. */
export function chunkOfChat(body: JsonObject): JsonObject {
  const { choices, ...rest } = mendedChat(body);
  const list = Array.isArray(choices) ? choices.filter(isJsonObject) : [];
  return {
    ...rest,
    object: "chat.completion.chunk",
    choices: list.map(({ message, ...choice }) => ({ ...choice, delta: deltaOf(message) })),
  };
}

/** Calls of a delta are numbered. */
function deltaOf(message: unknown): unknown {
  if (!isJsonObject(message) || !Array.isArray(message.tool_calls)) return message;
  const calls = message.tool_calls.filter(isJsonObject);
  return { ...message, tool_calls: calls.map((call, index) => ({ index, ...call })) };
}

function withWrittenArguments(choice: unknown): unknown {
  if (!isJsonObject(choice)) return choice;
  const { delta, message } = choice;
  return {
    ...choice,
    ...(delta === undefined ? {} : { delta: withWrittenCalls(delta) }),
    ...(message === undefined ? {} : { message: withWrittenCalls(message) }),
  };
}

function withWrittenCalls(said: unknown): unknown {
  if (!isJsonObject(said) || !Array.isArray(said.tool_calls)) return said;
  return { ...said, tool_calls: said.tool_calls.map(withWrittenCall) };
}

function withWrittenCall(call: unknown): unknown {
  const called = isJsonObject(call) ? call.function : null;
  if (!isJsonObject(call) || !isJsonObject(called) || !isJsonObject(called.arguments)) return call;
  return { ...call, function: { ...called, arguments: JSON.stringify(called.arguments) } };
}
