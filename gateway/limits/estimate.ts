/** What is known of a generation before it runs. */
export type EstimateInput = {
  /** Characters of its prompt; 0 where nobody read it. */
  inputChars: number;
  /** The most tokens each choice may have; null where unlimited or unsaid. */
  maxTokens: number | null;
  /** Choices it asks for, of all its prompts. */
  choices: number;
  /** False for what answers without tokens of its own: embeddings, reranking. */
  generates: boolean;
  /** Tokens of its prompt, where a tokenizer has counted them. */
  counted?: number | null;
};

/** Tokens a request will take, before it runs. */
export type Estimate = {
  /** Tokens of the prompt. */
  input: number;
  /** The most tokens of the answer; null where only the past can tell. */
  output: number | null;
  /** True where a tokenizer has counted the prompt; else earlier prompts know better. */
  isCounted?: boolean;
  /** What it may cost; for whoever knows prices. */
  cost?: number;
};

/**
 * Characters to a token. Four are usual in English, fewer in code and other languages; a
 * reservation had better be a little too large, since the true number takes its place.
 */
const charsPerToken = 3;

/** Up to here sums are exact, and what was reserved can be given back to the last token. */
const mostOutput = 1e12;

/** What is expected of a generation, by what was counted of it and what it says. */
export function estimateOf(ask: EstimateInput): Estimate {
  const { inputChars, maxTokens, choices, generates, counted = null } = ask;
  return {
    input: counted ?? Math.ceil(inputChars / charsPerToken),
    isCounted: counted !== null,
    output: generates ? maxTokens && Math.min(mostOutput, maxTokens * choices) : 0,
  };
}
