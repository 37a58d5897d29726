import type { Lane } from "./lane.ts";
import type { LineEntry, LineRequest } from "./line-entry.ts";
import { Sessions } from "./sessions.ts";

/** The part of the upstream time that one user has used. */
export type Share = {
  readonly user: string;
  /**
   * Virtual time: milliseconds of slots used, divided by the weight. The user with the least goes
   * first.
   */
  turn: number;
  /** The part of it that is an estimate: the charges of the running requests. */
  charged: number;
  /**
   * Virtual time at the last return. No correction goes below it, because that would save up time.
   */
  from: number;
  waiting: number;
  running: number;
  maxConcurrent: number | null;
  maxQueued: number | null;
  /** True at the cap: the lanes stand aside until a request of this user ends. */
  parked: boolean;
  readonly sessions: Sessions;
  /** The waiting requests, in a lane for each priority, group and session. No lane is empty. */
  readonly lanes: Lane[];
};

/** The start values of a user without requests. */
const idle = { charged: 0, waiting: 0, running: 0, parked: false };

export type Caps = { maxConcurrentPerUser?: number | null; maxQueuedPerUser?: number | null };

/**
 * The shares of all users, and the present of virtual time. A user who was away enters at the
 * present. So unused time is not saved up, and time that nobody else wanted is not held against the
 * user.
 */
export class Shares {
  readonly #caps: Caps;
  readonly #byUser = new Map<string, Share>();
  /** It never goes back while a request is here. */
  #present = 0;

  constructor(caps: Caps) {
    this.#caps = caps;
  }

  /** The virtual time of the latest start, without estimates. */
  get present(): number {
    return this.#present;
  }

  of(user: string): Share | undefined {
    return this.#byUser.get(user);
  }

  all(): IterableIterator<Share> {
    return this.#byUser.values();
  }

  /** The share of the request's user. The caps of the request hold from now on. */
  for(request: LineRequest): Share {
    const { maxConcurrentPerUser = null, maxQueuedPerUser = null } = this.#caps;
    const { user, maxConcurrent = maxConcurrentPerUser, maxQueued = maxQueuedPerUser } = request;
    let share = this.#byUser.get(user);
    if (share === undefined) {
      const place = { turn: this.#present, from: this.#present };
      const fresh = { user, ...place, ...idle, maxConcurrent, maxQueued };
      share = { ...fresh, sessions: new Sessions(), lanes: [] };
      this.#byUser.set(user, share);
    }
    share.maxConcurrent = maxConcurrent;
    share.maxQueued = maxQueued;
    return share;
  }

  enter(share: Share): void {
    share.turn = Math.max(share.turn, this.#present);
    share.from = this.#present;
  }

  /**
   * A request of this user starts, so the present moves to the user's virtual time. Estimates do
   * not count: they may be given back, and the present never goes back.
   */
  advanceTo(share: Share): void {
    this.#present = Math.max(this.#present, share.turn - share.charged);
  }

  /** Forgets all users. An idle line has nothing to be fair about. */
  clear(): void {
    this.#byUser.clear();
    this.#present = 0;
  }

  copy(): Shares {
    const copy = new Shares(this.#caps);
    copy.#present = this.#present;
    for (const share of this.#byUser.values()) {
      copy.#byUser.set(share.user, {
        ...share,
        ...idle,
        sessions: share.sessions.copy(),
        lanes: [],
      });
    }
    return copy;
  }
}

/** Whether the user is at the cap. Then no request of the user may start until one ends. */
export function isCapped(share: Share): boolean {
  return share.maxConcurrent !== null && share.running >= share.maxConcurrent;
}

/** Counts a request that runs and has been charged. */
export function holds(share: Share, { chargedMs, weight }: LineEntry): void {
  share.running++;
  share.charged += chargedMs / weight;
}

/** Counts a request that has ended. */
export function letsGo(share: Share, { chargedMs, weight }: LineEntry): void {
  share.running--;
  // A sum of fractions drifts, so an idle user starts at 0 again.
  share.charged = share.running === 0 ? 0 : share.charged - chargedMs / weight;
}
