import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { commonUsage, countsOf, isCounted } from "../usage.ts";
import { type Extent, mendedCalls } from "./mended-calls.ts";

/**
 * An answer of chat completions, or a chunk of one, as OpenAI writes it, whatever its server writes:
 * each field of the type that it has there, or left out. Only the first choice stays, because
 * nobody who is converted can ask for a second.
 */
export function mendedChat(body: JsonObject, extent: Extent): JsonObject {
  const { id, created, model, usage: _usage, choices, ...rest } = body;
  const list = Array.isArray(choices) ? choices.filter(isJsonObject) : [];
  const first = list.filter(({ index }) => !(Number(index) > 0));
  const usage = writtenUsage(commonUsage.usageIn(body));
  return {
    ...rest,
    ...(typeof id === "string" || typeof id === "number" ? { id: String(id) } : {}),
    ...(Number.isInteger(created) ? { created } : {}),
    ...(typeof model === "string" ? { model } : {}),
    choices: first.map((choice) => mendedChoice(choice, extent)),
    ...(usage === null ? {} : { usage }),
  };
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

/** What a model says stands in `delta` or `message`; some servers take the one for the other. */
function mendedChoice(choice: JsonObject, extent: Extent): JsonObject {
  const { index: _index, delta, message, text, finish_reason: reason, ...rest } = choice;
  const told = extent === "whole" ? [message, delta] : [delta, message];
  const found = told.find(isJsonObject) ?? (typeof text === "string" ? { content: text } : null);
  const said = found === null ? null : mendedSaid(found, extent);
  return {
    ...rest,
    index: 0,
    // A choice that says nothing is a fault in a whole answer, and none in a chunk.
    ...(extent === "whole" ? { message: said } : { delta: said }),
    ...mendedReason(reason),
  };
}

/** Other servers' words for the four reasons, in lower case. */
const reasons: Readonly<Record<string, string>> = {
  eos: "stop",
  eos_token: "stop",
  end_turn: "stop",
  stop_sequence: "stop",
  max_tokens: "length",
  max_output_tokens: "length",
  max_length: "length",
  model_length: "length",
  tool_use: "tool_calls",
  tool_call: "tool_calls",
  content_filtered: "content_filter",
  sensitive: "content_filter",
  safety: "content_filter",
  refusal: "content_filter",
};

function mendedReason(told: unknown): JsonObject {
  const reason = isJsonObject(told) ? told.type : told;
  if (typeof reason !== "string" || reason === "")
    return told === null ? { finish_reason: null } : {};
  const known = reason.toLowerCase();
  return { finish_reason: Object.hasOwn(reasons, known) ? reasons[known] : known };
}

function mendedSaid(said: JsonObject, extent: Extent): JsonObject {
  const { role: _role, content, tool_calls: _calls, function_call: _older, ...rest } = said;
  const { reasoning: _reasoning, reasoning_content: _thought, ...more } = rest;
  const thought = thoughtIn(said);
  const calls = mendedCalls(said, extent);
  return {
    ...more,
    content: mendedContent(content),
    ...(thought === "" ? {} : { reasoning_content: thought }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  };
}

/** A text, or a list of parts. */
function mendedContent(content: unknown): unknown {
  if (Array.isArray(content)) {
    const parts = content.map((part) =>
      typeof part === "string" ? { type: "text", text: part } : part,
    );
    return parts.filter((part) => isJsonObject(part) && typeof part.type === "string");
  }
  if (typeof content === "number" || typeof content === "boolean") return String(content);
  return textIn(content) ?? null;
}

/** Under which names servers tell a model's thoughts; some tell the same under two. */
const thoughtNames = ["reasoning_content", "reasoning", "reasoning_text", "thinking"];

function thoughtIn(said: JsonObject): string {
  for (const name of thoughtNames) {
    const text = textIn(said[name]);
    if (text !== undefined && text !== "") return text;
  }
  const { reasoning_details: details } = said;
  return Array.isArray(details) ? details.map((one) => textIn(one) ?? "").join("") : "";
}

/** A text, or the text of an object. */
function textIn(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  if (!isJsonObject(value)) return undefined;
  return [value.text, value.content, value.summary].find((one) => typeof one === "string");
}

/** An answer of chat completions that came whole, as the one chunk of a stream. */
export function chunkOfChat(body: JsonObject): JsonObject {
  const { choices, ...rest } = mendedChat(body, "whole");
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
  return { ...message, tool_calls: calls.map((call, index) => ({ ...call, index })) };
}
