import { BoundedMap } from "../bounded-map.ts";

/** The model with the tokenizer that reads a prompt, and the characters of the prompt. */
export type Prompt = { readonly model: string; readonly chars: number };

export type PromptSizes = {
  /** Tokens, as this model's own tokenizer has counted such texts; null before it has. */
  estimate(prompt: Prompt): number | null;
  /** Learns from the number of tokens that the upstream reported. */
  learn(prompt: Prompt, tokens: number): void;
};

type Learnt = { charsPerToken: number; seen: number };

/** Shorter prompts are mostly template and tell nothing about the text. Characters. */
const leastChars = 400;
/** Fewer samples than this are not used. */
const enough = 3;
/** A prompt with pictures has more tokens than its text; no text has more characters to each. */
const fewestChars = 1;
const mostChars = 8;
/** How many models are remembered; clients choose their names. */
const mostModels = 100;
/** A margin, because texts differ and a reservation should rather be too large. */
const margin = 1.1;

/**
 * Estimates the tokens of a prompt from what the upstream's tokenizer counted for earlier prompts
 * of the same model. This costs nothing, needs no vocabulary, and adapts to people's languages.
 */
export function createPromptSizes(): PromptSizes {
  const models = new BoundedMap<Learnt>(mostModels);
  return {
    estimate({ model, chars }) {
      const learnt = models.get(model);
      if (learnt === undefined || learnt.seen < enough) return null;
      return Math.ceil((chars / learnt.charsPerToken) * margin);
    },
    learn({ model, chars }, tokens) {
      if (chars < leastChars || tokens <= 0) return;
      const ratio = Math.min(mostChars, Math.max(fewestChars, chars / tokens));
      const learnt = models.get(model) ?? { charsPerToken: ratio, seen: 0 };
      learnt.seen += 1;
      learnt.charsPerToken += (ratio - learnt.charsPerToken) / Math.min(learnt.seen, 10);
      models.set(model, learnt);
    },
  };
}
