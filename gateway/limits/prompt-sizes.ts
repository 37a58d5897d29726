import { BoundedMap } from "../bounded-map.ts";

/** The text of a prompt: whose tokenizer reads it, and its characters. */
export type Prompt = { readonly model: string; readonly chars: number };

export type PromptSizes = {
  /** Tokens, as this model's own tokenizer has counted such texts; null before it has. */
  estimate(prompt: Prompt): number | null;
  /** What the upstream says the prompt was. */
  learn(prompt: Prompt, tokens: number): void;
};

type Learnt = { charsPerToken: number; seen: number };

/** A short prompt is mostly its template, and tells nothing of the text. Characters. */
const leastChars = 400;
/** Fewer are an anecdote. */
const enough = 3;
/** A prompt with pictures has more tokens than its text; no text has more characters to each. */
const fewestChars = 1;
const mostChars = 8;
/** Clients name models; so many are remembered, the latest. */
const mostModels = 100;
/** Texts differ; a reservation had better be a little too large. */
const margin = 1.1;

/**
 * How many tokens a prompt has, by what the upstream's own tokenizer made of earlier ones of the
 * same model. It costs nothing, needs no vocabulary, and follows people's languages.
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
