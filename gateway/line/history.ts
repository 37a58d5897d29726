import type { Ask } from "./entry.ts";
import { Recent } from "./recent.ts";

/** What a generation did with its slot, as far as it is known. */
export type Work = {
  /** Those that had to be read: without the cached ones. */
  inputTokens?: number;
  outputTokens?: number;
  promptMs?: number;
  outputMs?: number;
};

/** Milliseconds that are left of a generation, where so many like it (0 to 1) had no more left. */
export type Left = (quantile: number) => number;

/** Fewer observations of a rate are an anecdote. */
const enough = 3;

/**
 * How the recent generations of a kind used their slots: their times, and their lengths and paces.
 */
export class History {
  readonly #usedMs = new Recent();
  /**
   * Of the prompt as it was sent: what of it is cached shows in the pace, and is not known before.
   */
  readonly #promptMsPerToken = new Recent();
  readonly #outputMsPerToken = new Recent();
  readonly #inputTokens = new Recent();
  readonly #outputTokens = new Recent();
  /** 1 for an answer that ended at its `max_tokens`, 0 for one that ended before. */
  readonly #reachedBound = new Recent();

  get count(): number {
    return this.#usedMs.count;
  }

  add(ask: Ask, usedMs: number, { outputTokens = 0, promptMs, ...work }: Work): void {
    const inputTokens = ask.inputTokens ?? work.inputTokens ?? 0;
    this.#usedMs.add(usedMs);
    if (inputTokens > 0) this.#inputTokens.add(inputTokens);
    if (inputTokens > 0 && promptMs !== undefined) {
      this.#promptMsPerToken.add(promptMs / inputTokens);
    }
    if (outputTokens <= 0) return;
    this.#outputTokens.add(outputTokens);
    // Many upstreams tell no times, and who was cut short tells none: then it is all but the
    // prompt.
    const promptOrLikely = promptMs ?? inputTokens * this.#promptPace();
    const outputMs = work.outputMs ?? Math.max(0, usedMs - promptOrLikely);
    this.#outputMsPerToken.add(outputMs / outputTokens);
    if (ask.maxTokens !== undefined) {
      this.#reachedBound.add(outputTokens >= ask.maxTokens ? 1 : 0);
    }
  }

  /** Milliseconds in a slot; null without data. */
  expectMs(ask: Ask): number | null {
    const sizes = this.#sizesOf(ask);
    if (sizes === null) return this.#usedMs.mean();
    const output = sizes.exact ?? this.#outputTokens.meanUpTo(sizes.most) ?? 0;
    return sizes.promptMs + output * sizes.msPerToken;
  }

  /** What is left of one that has run for `elapsedMs`: as of those like it that lasted longer. */
  left(ask: Ask, elapsedMs: number): Left {
    // Longer than any: the longer it ran, the longer it may.
    const overdue = Math.max((this.expectMs(ask) ?? 0) - elapsedMs, elapsedMs / 10);
    const sizes = this.#sizesOf(ask);
    if (sizes === null) {
      const longer = this.#usedMs.beyond(elapsedMs);
      return (quantile) => (longer.length < 2 ? overdue : at(longer, quantile) - elapsedMs);
    }
    const { promptMs, msPerToken, most, exact } = sizes;
    const done = (elapsedMs - promptMs) / msPerToken;
    if (exact !== null && exact > done) return () => promptMs + exact * msPerToken - elapsedMs;
    const longer = done < most ? this.#outputTokens.beyond(done) : [];
    if (longer.length < 2) return () => overdue;
    return (quantile) => {
      return promptMs + Math.min(most, at(longer, quantile)) * msPerToken - elapsedMs;
    };
  }

  /** 0 where it is not known: then the pace of the output has it in it. */
  #promptPace(): number {
    return this.#promptMsPerToken.count < enough ? 0 : (this.#promptMsPerToken.median() ?? 0);
  }

  /** Prompt and output by their sizes; null where a size or a pace is not known. */
  #sizesOf({ inputTokens, maxTokens }: Ask) {
    if (inputTokens === undefined && maxTokens === undefined) return null;
    if (this.#outputMsPerToken.count < enough) return null;
    const input = inputTokens ?? this.#inputTokens.mean() ?? 0;
    const reaches = this.#reachedBound.count >= enough && (this.#reachedBound.mean() ?? 0) > 0.5;
    return {
      promptMs: input * this.#promptPace(),
      msPerToken: Math.max(Number.MIN_VALUE, this.#outputMsPerToken.median() ?? 0),
      most: maxTokens ?? Number.POSITIVE_INFINITY,
      /** Where answers go on until they are cut, their length is known. */
      exact: reaches && maxTokens !== undefined ? maxTokens : null,
    };
  }
}

function at(sorted: ArrayLike<number>, quantile: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? 0;
}
