import type { LineRequest } from "../order/line-entry.ts";
import { OutputPace } from "./output-pace.ts";
import { Recent } from "./recent.ts";

/** How a generation used its slot, as far as it is known. */
export type WorkDone = {
  /** Without the tokens that came from the cache. */
  inputTokens?: number;
  outputTokens?: number;
  promptMs?: number;
  outputMs?: number;
};

/**
 * Milliseconds left of a generation. `quantile` (0 to 1): the part of similar generations that had
 * no more left.
 */
export type TimeLeft = (quantile: number) => number;

/** Fewer observations do not make a rate. */
const enough = 3;
/** With so many answers without a bound, they say more of the next such answer than all answers. */
const enoughUnbounded = 10;

/** How the recent generations of one kind used their slots: times, lengths and paces. */
export class GenerationHistory {
  /** The pace of answers. All users of a model share one. */
  pace: OutputPace = new OutputPace();
  readonly #usedMs = new Recent();
  /** Of the whole prompt. The cached part is not known before, and shows in this pace. */
  readonly #promptMsPerToken = new Recent();
  readonly #inputTokens = new Recent();
  readonly #outputTokens = new Recent();
  /** Of answers without `max_tokens`: no bound has cut them. */
  readonly #unboundedTokens = new Recent();
  /** 1 for an answer that reached its `max_tokens`, 0 for one that ended before. */
  readonly #reachedBound = new Recent();

  get count(): number {
    return this.#usedMs.count;
  }

  /** Returns the milliseconds of its answer; null if it had none as far as is known. */
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
    // Many upstreams send no times, and a cancelled request has none. Then it is the whole time
    // without the prompt's.
    const promptOrLikely = promptMs ?? inputTokens * this.#promptPace();
    return work.outputMs ?? Math.max(0, usedMs - promptOrLikely);
  }

  /** Expected milliseconds in a slot; null without data. */
  expectMs(request: LineRequest): number | null {
    const sizes = this.#sizesOf(request);
    if (sizes === null) return this.#usedMs.mean();
    const { input, promptMs, most, exact, lengths } = sizes;
    if (exact !== null) return promptMs + this.pace.msOf(input, exact);
    const { mean, ofSquares } = lengths.upTo(most);
    return promptMs + this.pace.msOf(input, mean, mean > 0 ? ofSquares / mean : 0);
  }

  /**
   * The time left of a generation that has run for `elapsedMs`, as of similar ones that lasted
   * longer.
   */
  left(request: LineRequest, elapsedMs: number): TimeLeft {
    // For a generation that is longer than all others: the longer it ran, the longer it may run.
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

  /** 0 if unknown. Then the pace of the answer includes it. */
  #promptPace(): number {
    return this.#promptMsPerToken.count < enough ? 0 : (this.#promptMsPerToken.median() ?? 0);
  }

  /** Prompt and answer by their sizes; null if a size or a pace is unknown. */
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
      /** The length, if most bounded answers go on to their bound; else null. */
      exact: reaches && maxTokens !== undefined ? maxTokens : null,
      lengths: isFree ? this.#unboundedTokens : this.#outputTokens,
    };
  }
}

/** The tokens of the prompt: as it was sent, if that is known. */
export function inputOf(request: LineRequest, work: WorkDone): number {
  return request.inputTokens ?? work.inputTokens ?? 0;
}

function at(sorted: ArrayLike<number>, quantile: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))] ?? 0;
}
