import type { LineRequest } from "../order/line-entry.ts";
import { OutputPace } from "./output-pace.ts";
import { Recent } from "./recent.ts";

/** What a generation did with its slot, as far as it is known. */
export type WorkDone = {
  /** Those that had to be read: without the cached ones. */
  inputTokens?: number;
  outputTokens?: number;
  promptMs?: number;
  outputMs?: number;
};

/** Milliseconds that are left of a generation, where so many like it (0 to 1) had no more left. */
export type TimeLeft = (quantile: number) => number;

/** Fewer observations of a rate are an anecdote. */
const enough = 3;
/** So many answers without a bound tell more of the next such one than all together. */
const enoughUnbounded = 10;

/**
 * How the recent generations of a kind used their slots: their times, and their lengths and paces.
 */
export class GenerationHistory {
  /** Of the answers. A model's, whoever asks it: so those of its users share one. */
  pace: OutputPace = new OutputPace();
  readonly #usedMs = new Recent();
  /**
   * Of the prompt as it was sent: what of it is cached shows in the pace, and is not known before.
   */
  readonly #promptMsPerToken = new Recent();
  readonly #inputTokens = new Recent();
  readonly #outputTokens = new Recent();
  /** Of those without `max_tokens`: nothing but their own end cut them short. */
  readonly #unboundedTokens = new Recent();
  /** 1 for an answer that ended at its `max_tokens`, 0 for one that ended before. */
  readonly #reachedBound = new Recent();

  get count(): number {
    return this.#usedMs.count;
  }

  /** Returns the milliseconds its answer took; null where it is not known to have had one. */
  add(
    request: LineRequest,
    usedMs: number,
    { outputTokens = 0, promptMs, ...work }: WorkDone,
  ): number | null {
    const inputTokens = inputOf(request, work);
    this.#usedMs.add(usedMs);
    if (inputTokens > 0) this.#inputTokens.add(inputTokens);
    if (inputTokens > 0 && promptMs !== undefined) {
      this.#promptMsPerToken.add(promptMs / inputTokens);
    }
    if (outputTokens <= 0) return null;
    this.#outputTokens.add(outputTokens);
    if (request.maxTokens === undefined) this.#unboundedTokens.add(outputTokens);
    else this.#reachedBound.add(outputTokens >= request.maxTokens ? 1 : 0);
    // Many upstreams tell no times, and who was cut short tells none: then it is all but the
    // prompt.
    const promptOrLikely = promptMs ?? inputTokens * this.#promptPace();
    return work.outputMs ?? Math.max(0, usedMs - promptOrLikely);
  }

  /** Milliseconds in a slot; null without data. */
  expectMs(request: LineRequest): number | null {
    const sizes = this.#sizesOf(request);
    if (sizes === null) return this.#usedMs.mean();
    const { input, promptMs, most, exact, lengths } = sizes;
    if (exact !== null) return promptMs + this.pace.msOf(input, exact);
    const { mean, ofSquares } = lengths.upTo(most);
    return promptMs + this.pace.msOf(input, mean, mean > 0 ? ofSquares / mean : 0);
  }

  /** What is left of one that has run for `elapsedMs`: as of those like it that lasted longer. */
  left(request: LineRequest, elapsedMs: number): TimeLeft {
    // Longer than any: the longer it ran, the longer it may.
    const overdue = Math.max((this.expectMs(request) ?? 0) - elapsedMs, elapsedMs / 10);
    const sizes = this.#sizesOf(request);
    if (sizes === null) {
      const longer = this.#usedMs.beyond(elapsedMs);
      return (quantile) => (longer.length < 2 ? overdue : at(longer, quantile) - elapsedMs);
    }
    const { input, promptMs, most, exact, lengths } = sizes;
    const done = this.pace.tokensIn(input, Math.max(0, elapsedMs - promptMs));
    if (exact !== null && exact > done) {
      return () => promptMs + this.pace.msOf(input, exact) - elapsedMs;
    }
    const longer = done < most ? lengths.beyond(done) : [];
    if (longer.length < 2) return () => overdue;
    return (quantile) => {
      const output = Math.min(most, at(longer, quantile));
      return promptMs + this.pace.msOf(input, output) - elapsedMs;
    };
  }

  /** 0 where it is not known: then the pace of the output has it in it. */
  #promptPace(): number {
    return this.#promptMsPerToken.count < enough ? 0 : (this.#promptMsPerToken.median() ?? 0);
  }

  /** Prompt and output by their sizes; null where a size or a pace is not known. */
  #sizesOf({ inputTokens, maxTokens }: LineRequest) {
    if (inputTokens === undefined && maxTokens === undefined) return null;
    if (this.pace.count < enough) return null;
    const input = inputTokens ?? this.#inputTokens.mean() ?? 0;
    const reaches = this.#reachedBound.count >= enough && (this.#reachedBound.mean() ?? 0) > 0.5;
    const isFree = maxTokens === undefined && this.#unboundedTokens.count >= enoughUnbounded;
    return {
      input,
      promptMs: input * this.#promptPace(),
      most: maxTokens ?? Number.POSITIVE_INFINITY,
      /** Where answers go on until they are cut, their length is known. */
      exact: reaches && maxTokens !== undefined ? maxTokens : null,
      lengths: isFree ? this.#unboundedTokens : this.#outputTokens,
    };
  }
}

/** The prompt, as it was sent where that is known. */
export function inputOf(request: LineRequest, work: WorkDone): number {
  return request.inputTokens ?? work.inputTokens ?? 0;
}

function at(sorted: ArrayLike<number>, quantile: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? 0;
}
