import { isJsonObject, type JsonObject } from "../json-object.ts";
import type { DialectUsage } from "./dialect.ts";

/**
 * What one generation cost, in tokens. `input` is the whole prompt, cached tokens included;
 * `cached` and `reasoning` are parts of `input` and `output`. Unknown is null, never a guessed 0.
 * `source` says where the numbers come from: the upstream's `usage`, llama.cpp's `timings`, or
 * counted here.
 */
export type Usage = {
  input: number | null;
  output: number | null;
  cached: number | null;
  reasoning: number | null;
  source: "reported" | "timings" | "estimated" | null;
};

/** The numbers of a usage alone. */
export type Counts = Omit<Usage, "source">;

/** llama.cpp's own measure of one choice; `promptTokens` leaves the cached ones out. */
export type Timings = {
  cachedTokens: number | null;
  promptTokens: number | null;
  promptMs: number | null;
  outputTokens: number | null;
  outputMs: number | null;
};

type Fields = Readonly<Record<string, unknown>>;

/** No context is longer; what claims more is broken. */
const absurd = 1_000_000_000;

function fieldsOf(value: unknown): Fields | null {
  return typeof value === "object" && value !== null ? (value as Fields) : null;
}

function count(value: unknown): number | null {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= absurd
    ? (value as number)
    : null;
}

function duration(value: unknown): number | null {
  return typeof value === "number" && value >= 0 && value <= absurd ? value : null;
}

/** The sum, where at least one is known. */
function sum(...parts: (number | null)[]): number | null {
  let total: number | null = null;
  for (const part of parts) if (part !== null) total = (total ?? 0) + part;
  return total;
}

function inputOf(usage: Fields): number | null {
  const whole = count(usage.prompt_tokens);
  if (whole !== null) return whole;
  // DeepSeek counts both parts of the prompt.
  const deepSeek = sum(count(usage.prompt_cache_hit_tokens), count(usage.prompt_cache_miss_tokens));
  if (deepSeek !== null) return deepSeek;
  // Gemini counts what its own tools brought in beside the prompt.
  const gemini = sum(count(usage.promptTokenCount), count(usage.toolUsePromptTokenCount));
  if (gemini !== null) return gemini;
  const camel = count(usage.promptTokens) ?? count(usage.inputTokens);
  if (camel !== null) return camel;
  // Anthropic counts the cache outside `input_tokens`; OpenAI's Responses count it inside.
  const read = count(usage.cache_read_input_tokens);
  const written = count(usage.cache_creation_input_tokens);
  return sum(count(usage.input_tokens), read, written);
}

function outputOf(usage: Fields): number | null {
  const whole = count(usage.completion_tokens) ?? count(usage.output_tokens);
  if (whole !== null) return whole;
  const camel = count(usage.completionTokens) ?? count(usage.outputTokens);
  if (camel !== null) return camel;
  return sum(count(usage.candidatesTokenCount), count(usage.thoughtsTokenCount));
}

/**
 * The numbers in a `usage` object of OpenAI's, Anthropic's or Gemini's; null where it is no object.
 */
export function countsOf(usage: unknown): Counts | null {
  const all = fieldsOf(usage);
  if (all === null) return null;
  const prompt = fieldsOf(all.prompt_tokens_details) ?? fieldsOf(all.input_tokens_details);
  const completion = fieldsOf(all.completion_tokens_details) ?? fieldsOf(all.output_tokens_details);
  const total = count(all.total_tokens);
  let input = inputOf(all);
  let output = outputOf(all);
  // Embeddings and rerankers say only the prompt and the total, or only the total.
  if (output === null && total !== null) {
    input ??= total;
    output = count(total - input);
  }
  const cached = firstKnown(
    prompt?.cached_tokens,
    all.cache_read_input_tokens,
    all.prompt_cache_hit_tokens,
    all.cached_tokens,
    all.cachedContentTokenCount,
  );
  const { reasoning_tokens: beside } = all;
  const reasoning = firstKnown(completion?.reasoning_tokens, all.thoughtsTokenCount, beside);
  return { input, output, cached, reasoning };
}

/** The first number, one that is not 0 before others: some servers send a 0 for what they lack. */
function firstKnown(...values: readonly unknown[]): number | null {
  let zero: number | null = null;
  for (const value of values) {
    const known = count(value);
    if (known !== null && known > 0) return known;
    zero ??= known;
  }
  return zero;
}

/** No answer costs nothing at all: a server that says so has not counted. */
export function isCounted({ input, output }: Counts): boolean {
  return (input ?? 0) > 0 || (output ?? 0) > 0;
}

/** llama.cpp's `timings` object; null where it is none. */
export function timingsOf(value: unknown): Timings | null {
  const all = fieldsOf(value);
  if (all === null || !("predicted_n" in all || "prompt_n" in all)) return null;
  return {
    cachedTokens: count(all.cache_n),
    promptTokens: count(all.prompt_n),
    promptMs: duration(all.prompt_ms),
    outputTokens: count(all.predicted_n),
    outputMs: duration(all.predicted_ms),
  };
}

/** Timings as usage: the prompt is what was cached and what was read. */
export function countsOfTimings(timings: Timings): Counts {
  return {
    input: sum(timings.cachedTokens, timings.promptTokens),
    output: timings.outputTokens,
    cached: timings.cachedTokens,
    reasoning: null,
  };
}

/** Nobody asks for more; beyond, an upstream's choices are not counted. */
export const mostChoices = 8_192;

/**
 * Several choices as one, up to `mostChoices`: outputs add up, the prompt was read once for all
 * choices of one prompt. `prompts` is how many prompts the choices belong to.
 */
export function countsOfChoices(choices: readonly Counts[], prompts: number): Counts {
  const of = (name: keyof Counts) => choices.map((one) => one[name]).filter((n) => n !== null);
  const once = (name: keyof Counts): number | null => {
    const numbers = of(name);
    if (numbers.length === 0) return null;
    if (prompts <= 1) return Math.max(...numbers);
    return Math.round(
      ((sum(...numbers) ?? 0) * Math.min(prompts, numbers.length)) / numbers.length,
    );
  };
  return {
    input: once("input"),
    output: sum(...of("output")),
    cached: once("cached"),
    reasoning: sum(...of("reasoning")),
  };
}

/** Fields that hold usage, of a body or of an object in it. */
const usageNames = ["usage", "usageMetadata", "usage_metadata"];

/** Fields of a whole answer that may have usage inside. */
const otherPlaces = ["choices", "meta", "response"];

/** A field of a server's own: `x_groq`. */
const isOwnField = (name: string): boolean => name.startsWith("x_") || name.startsWith("x-");

/**
 * Where servers have the usage: at the top, in the `message`, `response`, `delta` or `data` of an
 * event, in a choice or in what it says (Moonshot), in a field of their own (`x_groq`), in `meta`
 * (Cohere). Servers that speak several APIs mix them, so each dialect looks everywhere.
 */
export const commonUsage: DialectUsage = {
  holds: (name) => usageNames.includes(name) || isOwnField(name) || otherPlaces.includes(name),
  usageIn(body: JsonObject) {
    const { message, response, delta, data } = body;
    const near = usageAmong([body, message, response, delta, data]);
    if (near !== null) return near;
    return usageAmong([...choicesOf(body), ...ownFields(body), ...metaOf(body)]);
  },
};

function usageAmong(places: readonly unknown[]): JsonObject | null {
  for (const place of places) {
    const usage = isJsonObject(place) ? usageOf(place) : null;
    if (usage !== null) return usage;
  }
  return null;
}

function usageOf(place: JsonObject): JsonObject | null {
  for (const name of usageNames) {
    const usage = place[name];
    if (isJsonObject(usage) && Object.keys(usage).length > 0) return usage;
  }
  return null;
}

function choicesOf({ choices }: JsonObject): unknown[] {
  if (!Array.isArray(choices)) return [];
  const found = choices.slice(0, mostChoices).filter(isJsonObject);
  return [...found, ...found.flatMap(({ delta, message }) => [delta, message])];
}

const ownFields = (body: JsonObject): unknown[] =>
  Object.keys(body)
    .filter(isOwnField)
    .map((name) => body[name]);

/** `{"meta":{"tokens":{"input_tokens":3}}}`; what is billed is less, if there is a cache. */
function metaOf({ meta }: JsonObject): JsonObject[] {
  if (!isJsonObject(meta)) return [];
  const { tokens, billed_units: billed } = meta;
  return [{ usage: tokens }, { usage: billed }];
}
