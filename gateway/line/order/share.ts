import type { Lane } from "./lane.ts";
import type { LineEntry, LineRequest } from "./line-entry.ts";

/** One user's part of the upstream's time. */
export type Share = {
  readonly user: string;
  /** Virtual time: milliseconds of slots used, divided by weight. The least goes first. */
  turn: number;
  /** What of it is a guess: what those who run were charged. */
  charged: number;
  /** Where they came back last: no correction leads behind it, which would be time saved up. */
  from: number;
  waiting: number;
  running: number;
  maxConcurrent: number | null;
  maxQueued: number | null;
  /** At the cap: the lanes stand aside until something of this user ends. */
  parked: boolean;
  /** The user's waiting requests: a lane for each priority and group. Never an empty one. */
  readonly lanes: Lane[];
};

/** What there is of a user of whom nothing is here. */
const idle = { charged: 0, waiting: 0, running: 0, parked: false };

export type Caps = { maxConcurrentPerUser?: number | null; maxQueuedPerUser?: number | null };

/**
 * Every user's share, and the present of virtual time. A user who was away enters at the present:
 * neither is unused time saved up, nor is time used while nobody else wanted it held against them.
 */
export class Shares {
  readonly #caps: Caps;
  readonly #byUser = new Map<string, Share>();
  /** Never goes back while anybody is here. */
  #present = 0;

  constructor(caps: Caps) {
    this.#caps = caps;
  }

  /** The virtual time of the latest start, as far as it is known. */
  get present(): number {
    return this.#present;
  }

  of(user: string): Share | undefined {
    return this.#byUser.get(user);
  }

  all(): IterableIterator<Share> {
    return this.#byUser.values();
  }

  /** The share of whoever asks, with the caps that hold for them from now on. */
  for(request: LineRequest): Share {
    const { maxConcurrentPerUser = null, maxQueuedPerUser = null } = this.#caps;
    const { user, maxConcurrent = maxConcurrentPerUser, maxQueued = maxQueuedPerUser } = request;
    let share = this.#byUser.get(user);
    if (share === undefined) {
      const place = { turn: this.#present, from: this.#present };
      share = { user, ...place, ...idle, maxConcurrent, maxQueued, lanes: [] };
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
   * Something of this user starts: the present has come to their turn. Not to what is only guessed:
   * it may be given back, and the present never is.
   */
  advanceTo(share: Share): void {
    this.#present = Math.max(this.#present, share.turn - share.charged);
  }

  /** When all is idle there is nothing to be fair about, and no name to remember. */
  clear(): void {
    this.#byUser.clear();
    this.#present = 0;
  }

  copy(): Shares {
    const copy = new Shares(this.#caps);
    copy.#present = this.#present;
    for (const share of this.#byUser.values()) {
      copy.#byUser.set(share.user, { ...share, ...idle, lanes: [] });
    }
    return copy;
  }
}

/** At the cap nothing of this user may start until something of theirs ends. */
export function isCapped(share: Share): boolean {
  return share.maxConcurrent !== null && share.running >= share.maxConcurrent;
}

/** One of this user runs, and has been charged. */
export function holds(share: Share, { chargedMs, weight }: LineEntry): void {
  share.running++;
  share.charged += chargedMs / weight;
}

/** One of this user has ended. */
export function letsGo(share: Share, { chargedMs, weight }: LineEntry): void {
  share.running--;
  // Sums of fractions drift.
  share.charged = share.running === 0 ? 0 : share.charged - chargedMs / weight;
}
