import { BoundedMap } from "../../bounded-map.ts";
import type { LineRequest } from "../order/line-entry.ts";
import { GenerationHistory, inputOf, type TimeLeft, type WorkDone } from "./generation-history.ts";

export type { TimeLeft, WorkDone };

/** What a start is charged before anything has been observed. */
const unknownMs = 1000;
/**
 * The most a start is charged before it has ended. Whoever asks for a billion tokens may be lying,
 * and what a start is charged is where others come in: it is corrected for who lied, not for them.
 */
const mostMs = 3_600_000;
/** So many generations of a user tell more of the next one than those of everybody. */
const enoughOfUser = 10;
/** Before so many have ended, broken promises say nothing but that little is known. */
const enoughToSettle = 20;
/** With several slots, the first one to end is a short one: so many are waited for. */
const enoughToTell = 3;
/** Clients name models; so many are remembered. */
const mostModels = 100;
/** Of so many users, each with each model. */
const mostUsers = 300;

/**
 * How long a generation holds its slot, learnt from those that ended: of this user with this model,
 * else of the model, else of the whole line. Paces are medians, lengths are means: what a GPU does
 * in a second hardly varies, what people ask for does. Failed and cancelled ones count too, since
 * the line waits for slots, not for successes.
 */
export class TimeEstimates {
  readonly #byUser = new BoundedMap<GenerationHistory>(mostUsers);
  readonly #byModel = new BoundedMap<GenerationHistory>(mostModels);
  readonly #all = new GenerationHistory();
  /** Milliseconds of slots that the first ones used together, until there were enough to settle. */
  #youngMs = 0;

  /** False before there is any data; then nothing can be told honestly. */
  get known(): boolean {
    return this.#all.count > 0;
  }

  /** Whether what is known of so many slots is more than an anecdote. */
  tells(slots: number): boolean {
    return slots > 0 && this.#all.count >= Math.min(slots, enoughToTell);
  }

  /**
   * How much longer generations are than those that ended, where others have been running for
   * `runningMs` together: time in slots, by ends. 1 once there are enough.
   */
  longerBy(runningMs: number): number {
    return this.settled || this.#youngMs <= 0 ? 1 : 1 + runningMs / this.#youngMs;
  }

  /** False at first: those that end first are the short ones, and promises are too short then. */
  get settled(): boolean {
    return this.#all.count >= enoughToSettle;
  }

  /** Milliseconds in a slot; null without data. */
  expectMs(request: LineRequest): number | null {
    return this.#historyOf(request).expectMs(request);
  }

  /** Expected milliseconds, up to an hour; one second where nothing is known. */
  chargeMs(request: LineRequest): number {
    return Math.min(mostMs, this.expectMs(request) ?? unknownMs);
  }

  /** What is left of one that has run for `elapsedMs`; 0 for one that has yet to start. */
  left(request: LineRequest, elapsedMs: number): TimeLeft {
    return this.#historyOf(request).left(request, elapsedMs);
  }

  observe(request: LineRequest, usedMs: number, work: WorkDone = {}): void {
    const { user, model } = request;
    const ofModel = remembered(this.#byModel, model);
    const ofUser = remembered(this.#byUser, keyOf(user, model));
    ofUser.pace = ofModel.pace;
    if (!this.settled) this.#youngMs += usedMs;
    ofUser.add(request, usedMs, work);
    for (const history of [ofModel, this.#all]) {
      const answerMs = history.add(request, usedMs, work);
      if (answerMs === null || work.outputTokens === undefined) continue;
      history.pace.add(inputOf(request, work), work.outputTokens, answerMs);
    }
  }

  #historyOf({ user, model }: LineRequest): GenerationHistory {
    const own = this.#byUser.get(keyOf(user, model));
    if (own !== undefined && own.count >= enoughOfUser) return own;
    return this.#byModel.get(model) ?? this.#all;
  }
}

function keyOf(user: string, model: string): string {
  return `${user}\u0000${model}`;
}

/** The history of that name, to which something is added. */
function remembered(histories: BoundedMap<GenerationHistory>, key: string): GenerationHistory {
  const found = histories.get(key);
  // The order matters only for a full map, and setting costs more than reading.
  if (found !== undefined && !histories.isFull) return found;
  const history = found ?? new GenerationHistory();
  histories.set(key, history);
  return history;
}
