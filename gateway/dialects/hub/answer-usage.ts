import type { LanguageModelV4Usage } from "@ai-sdk/provider";

// The hub's numbers in the words of each dialect. Anthropic counts the cache outside
// `input_tokens`, the others inside; what the upstream did not tell is left out where it may be.

type Counts = Record<string, unknown>;

function totals({ inputTokens, outputTokens }: LanguageModelV4Usage): [number, number] {
  return [inputTokens.total ?? 0, outputTokens.total ?? 0];
}

/** False where the upstream told no usage at all: zeros would pass for its numbers. */
function isTold({ inputTokens, outputTokens }: LanguageModelV4Usage): boolean {
  return inputTokens.total !== undefined || outputTokens.total !== undefined;
}

/** The `usage` of chat; null where nothing is known. */
export function chatUsage(usage: LanguageModelV4Usage): Counts | null {
  if (!isTold(usage)) return null;
  const [input, output] = totals(usage);
  const counts: Counts = {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
  };
  const cached = usage.inputTokens.cacheRead;
  const reasoning = usage.outputTokens.reasoning;
  if (cached !== undefined) counts.prompt_tokens_details = { cached_tokens: cached };
  if (reasoning !== undefined) counts.completion_tokens_details = { reasoning_tokens: reasoning };
  return counts;
}

/** The `usage` of a response, which has all its fields; null where nothing is known. */
export function responsesUsage(usage: LanguageModelV4Usage): Counts | null {
  if (!isTold(usage)) return null;
  const [input, output] = totals(usage);
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: usage.inputTokens.cacheRead ?? 0,
      cache_write_tokens: usage.inputTokens.cacheWrite ?? 0,
    },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: usage.outputTokens.reasoning ?? 0 },
    total_tokens: input + output,
  };
}

/**
 * The `usage` of a message, which cannot be left out. If nothing is known, the input is the estimate
 * that the stream began with, and the output is 0.
 */
export function messagesUsage(usage: LanguageModelV4Usage, estimate: number): Counts {
  const {
    total = isTold(usage) ? 0 : estimate,
    cacheRead = 0,
    cacheWrite = 0,
    noCache,
  } = usage.inputTokens;
  return {
    input_tokens: noCache ?? Math.max(0, total - cacheRead - cacheWrite),
    cache_creation_input_tokens: cacheWrite,
    cache_read_input_tokens: cacheRead,
    output_tokens: usage.outputTokens.total ?? 0,
  };
}

/** The `usageMetadata` of Gemini, which counts thoughts beside the answer; null: nothing known. */
export function geminiUsage(usage: LanguageModelV4Usage): Counts | null {
  if (!isTold(usage)) return null;
  const [input, output] = totals(usage);
  const reasoning = usage.outputTokens.reasoning;
  const cached = usage.inputTokens.cacheRead;
  const counts: Counts = {
    promptTokenCount: input,
    candidatesTokenCount: Math.max(0, output - (reasoning ?? 0)),
    totalTokenCount: input + output,
  };
  if (reasoning) counts.thoughtsTokenCount = reasoning;
  if (cached) counts.cachedContentTokenCount = cached;
  return counts;
}
