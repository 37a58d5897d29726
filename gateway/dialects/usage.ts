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
  const numbers = parts.filter((part) => part !== null);
  return numbers.length === 0 ? null : numbers.reduce((total, part) => total + part, 0);
}

function inputOf(usage: Fields): number | null {
  const whole = count(usage.prompt_tokens);
  if (whole !== null) return whole;
  // Gemini counts what its own tools brought in beside the prompt.
  const gemini = sum(count(usage.promptTokenCount), count(usage.toolUsePromptTokenCount));
  if (gemini !== null) return gemini;
  // Anthropic counts the cache outside `input_tokens`; OpenAI's Responses count it inside.
  const read = count(usage.cache_read_input_tokens);
  const written = count(usage.cache_creation_input_tokens);
  return sum(count(usage.input_tokens), read, written);
}

function outputOf(usage: Fields): number | null {
  const whole = count(usage.completion_tokens) ?? count(usage.output_tokens);
  if (whole !== null) return whole;
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
  const cached = count(prompt?.cached_tokens) ?? count(all.cache_read_input_tokens);
  const reasoning = count(completion?.reasoning_tokens) ?? count(all.thoughtsTokenCount);
  return { input, output, cached: cached ?? count(all.cachedContentTokenCount), reasoning };
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

/**
 * Where OpenAI, Anthropic and Google have the usage: at the top, or in the `message` or `response`
 * of an event. Servers that speak several of these APIs mix them, so each dialect looks everywhere.
 */
export const commonUsage: DialectUsage = {
  fields: ["usage", "usageMetadata"],
  usageIn(body: JsonObject) {
    const { message, response } = body;
    for (const place of [body, message, response]) {
      if (!isJsonObject(place)) continue;
      if (isJsonObject(place.usage)) return place.usage;
      if (isJsonObject(place.usageMetadata)) return place.usageMetadata;
    }
    return null;
  },
};
