import { fewestCharsPerToken } from "../dialects/input-size.ts";

/** What is known of a generation before it runs. */
export type EstimateInput = {
  /** Characters of the prompt; 0 if the body was not read. */
  inputChars: number;
  /** The most tokens of each choice; null if the request does not say. */
  maxTokens: number | null;
  /** Requested choices of all its prompts. */
  choices: number;
  /** False if the answer has no tokens: embeddings, reranking. */
  generates: boolean;
  /** Tokens of the prompt if a tokenizer has counted them. */
  counted?: number | null;
};

/** The tokens that a request is expected to use. */
export type Estimate = {
  /** Tokens of the prompt. */
  input: number;
  /** The most tokens of the answer; null if the request does not limit it. */
  output: number | null;
  /** True if a tokenizer has counted the prompt. Else earlier prompts give a better number. */
  isCounted?: boolean;
  /** The expected cost in US dollars, if prices are known. */
  cost?: number;
};

/** Up to this value sums are exact, so a reservation is given back to the last token. */
const mostOutput = 1e12;

/** Estimates a generation from the count of its prompt and from its own limits. */
export function estimateOf(ask: EstimateInput): Estimate {
  const { inputChars, maxTokens, choices, generates, counted = null } = ask;
  return {
    input: counted ?? Math.ceil(inputChars / fewestCharsPerToken),
    isCounted: counted !== null,
    output: generates ? maxTokens && Math.min(mostOutput, maxTokens * choices) : 0,
  };
}
