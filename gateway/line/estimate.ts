import type { Ask } from "./entry.ts";
import { Recent } from "./recent.ts";

/** What a generation did with its slot, as far as it is known. */
export type Work = {
  inputTokens?: number;
  outputTokens?: number;
  promptMs?: number;
  outputMs?: number;
};

/** What a start is charged before anything has been observed. */
const unknownMs = 1000;
/** Fewer observations of a rate are an anecdote. */
const enough = 3;
/** Clients name models; so many are remembered. */
const mostModels = 100;

type History = {
  usedMs: Recent;
  promptMsPerToken: Recent;
  outputMsPerToken: Recent;
  inputTokens: Recent;
  outputTokens: Recent;
};

/**
 * How long a generation holds its slot, learnt from those that ended. Rates are medians, lengths are
 * means: what a GPU does in a second hardly varies, what people ask for does. Failed and cancelled
 * ones count too, since the line waits for slots, not for successes.
 */
export class Estimates {
  readonly #models = new Map<string, History>();
  readonly #all: History = createHistory();

  /** False before there is any data; then nothing can be told honestly. */
  get known(): boolean {
    return this.#all.usedMs.count > 0;
  }

  /** Milliseconds in a slot; for a model never seen, those of the whole line; null without data. */
  expectMs(ask: Ask): number | null {
    const history = this.#models.get(ask.model) ?? this.#all;
    return bySize(history, ask) ?? history.usedMs.mean();
  }

  /** Expected milliseconds, or one second: never null. */
  chargeMs(ask: Ask): number {
    return this.expectMs(ask) ?? unknownMs;
  }

  /**
   * What is left of a generation that has run for `elapsedMs`, by those like it that lasted longer:
   * so many of them (`quantile`, 0 to 1) had ended by then.
   */
  remainingMs(ask: Ask, elapsedMs: number, quantile = 0.5): number {
    const { usedMs } = this.#models.get(ask.model) ?? this.#all;
    const expected = this.chargeMs(ask);
    const scale = expected / Math.max(1, usedMs.mean() ?? expected);
    const longer = usedMs.quantileBeyond(elapsedMs / scale, quantile);
    if (longer !== null) return longer * scale - elapsedMs;
    // Longer than any: the longer it ran, the longer it may.
    return Math.max(expected - elapsedMs, elapsedMs / 10);
  }

  observe(ask: Ask, usedMs: number, work: Work = {}): void {
    let history = this.#models.get(ask.model);
    if (history === undefined) {
      history = createHistory();
      this.#models.set(ask.model, history);
      const oldest = this.#models.keys().next();
      if (this.#models.size > mostModels && !oldest.done) this.#models.delete(oldest.value);
    }
    record(history, usedMs, work);
    record(this.#all, usedMs, work);
  }
}

function createHistory(): History {
  return {
    usedMs: new Recent(),
    promptMsPerToken: new Recent(),
    outputMsPerToken: new Recent(),
    inputTokens: new Recent(),
    outputTokens: new Recent(),
  };
}

function record(history: History, usedMs: number, work: Work): void {
  const { inputTokens = 0, outputTokens = 0, promptMs, outputMs } = work;
  history.usedMs.add(usedMs);
  if (inputTokens > 0) history.inputTokens.add(inputTokens);
  if (outputTokens > 0) history.outputTokens.add(outputTokens);
  if (inputTokens > 0 && promptMs !== undefined) {
    history.promptMsPerToken.add(promptMs / inputTokens);
  }
  if (outputTokens > 0 && outputMs !== undefined) {
    history.outputMsPerToken.add(outputMs / outputTokens);
  }
}

/** Prompt and output by their sizes; null where a size or a rate is not known. */
function bySize(history: History, ask: Ask): number | null {
  const { inputTokens, maxTokens = Number.POSITIVE_INFINITY } = ask;
  if (inputTokens === undefined && maxTokens === Number.POSITIVE_INFINITY) return null;
  if (history.outputMsPerToken.count < enough || history.promptMsPerToken.count < enough)
    return null;
  const input = inputTokens ?? history.inputTokens.mean() ?? 0;
  const output = history.outputTokens.meanUpTo(maxTokens) ?? 0;
  const promptRate = history.promptMsPerToken.median() ?? 0;
  const outputRate = history.outputMsPerToken.median() ?? 0;
  return input * promptRate + output * outputRate;
}
