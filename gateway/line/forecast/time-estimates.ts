import { BoundedMap } from "../../bounded-map.ts";
import type { LineRequest } from "../order/line-entry.ts";
import { GenerationHistory, inputOf, type TimeLeft, type WorkDone } from "./generation-history.ts";

export type { TimeLeft, WorkDone };

/** The charge of a start before there is data. */
const unknownMs = 1000;
/**
 * The most that a start is charged before its end. A client may claim a billion tokens. A charge
 * decides where other users enter the queue, and its correction at the end comes too late for them.
 */
const mostMs = 3_600_000;
/** With so many requests of a user, they say more of the next one than those of all users. */
const enoughOfUser = 10;
/** Before so many have ended, wrong promises only show that there is little data. */
const enoughToSettle = 20;
/**
 * With several slots the first request to end is a short one. So many must end before a time is
 * told.
 */
const enoughToTell = 3;
/** Clients choose model names. So many are remembered. */
const mostModels = 100;
/** So many pairs of a user and a model are remembered. */
const mostUsers = 300;

/**
 * Estimates how long a request holds its slot, from those that ended: of this user with this model,
 * else of the model, else of the whole line. Paces are medians and lengths are means, because the
 * pace of a GPU hardly varies and the lengths of answers do. Failed and cancelled requests count
 * too: the line waits for slots, not for successes.
 */
export class TimeEstimates {
  readonly #byUser = new BoundedMap<GenerationHistory>(mostUsers);
  readonly #byModel = new BoundedMap<GenerationHistory>(mostModels);
  readonly #all = new GenerationHistory();
  /** Milliseconds of slots that the first requests used together, until `settled`. */
  #youngMs = 0;

  /** False before there is data. Then no honest time can be told. */
  get known(): boolean {
    return this.#all.count > 0;
  }

  /** Whether there is enough data to tell a time for so many slots. */
  tells(slots: number): boolean {
    return slots > 0 && this.#all.count >= Math.min(slots, enoughToTell);
  }

  /**
   * The factor by which requests are longer than those that ended so far. Others have run for
   * `runningMs` together and have not ended. 1 when `settled`.
   */
  longerBy(runningMs: number): number {
    return this.settled || this.#youngMs <= 0 ? 1 : 1 + runningMs / this.#youngMs;
  }

  /**
   * False at first. The first requests to end are the short ones, so early promises are too short.
   */
  get settled(): boolean {
    return this.#all.count >= enoughToSettle;
  }

  /** Expected milliseconds in a slot; null without data. */
  expectMs(request: LineRequest): number | null {
    return this.#historyOf(request).expectMs(request);
  }

  /** Expected milliseconds in a slot, at most an hour. One second without data. */
  chargeMs(request: LineRequest): number {
    return Math.min(mostMs, this.expectMs(request) ?? unknownMs);
  }

  /** The time left of a request that has run for `elapsedMs`; 0 for one that has not started. */
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

/** The history with this key, to add something to it. */
function remembered(histories: BoundedMap<GenerationHistory>, key: string): GenerationHistory {
  const found = histories.get(key);
  // The order matters only if the map is full, and setting costs more than reading.
  if (found !== undefined && !histories.isFull) return found;
  const history = found ?? new GenerationHistory();
  histories.set(key, history);
  return history;
}
