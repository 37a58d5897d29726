/** How one user fared in the window. */
export type UserFairness = {
  readonly user: string;
  readonly weight: number;
  /** Milliseconds that their requests held slots, running ones included. */
  readonly slotMs: number;
  /** Milliseconds that their started requests had waited. */
  readonly waitsMs: readonly number[];
  /** Something of theirs waited during the whole window. */
  readonly isBacklogged: boolean;
};

type Kept = {
  weight: number;
  /** Slot time of ended requests by bucket. */
  readonly slots: Map<number, number>;
  /** When the latest requests started, and how long they had waited. Lists of numbers are no garbage. */
  readonly startedAt: number[];
  readonly waitedMs: number[];
  /** Where the next start is kept: that of the oldest one, if the lists are full. */
  next: number;
  /** Since when something of theirs waits; null: nothing does. */
  waitsSince: number | null;
};

/** The window, and the steps in which it moves. Milliseconds. */
export const fairnessWindowMs: number = 600_000;
const bucketMs = 10_000;
/** Waits that are kept of each user. */
const mostWaits = 500;
/** Users that are kept; a broken users file must not fill the memory. */
const mostUsers = 2_000;

/** Remembers, over the last ten minutes, who held slots for how long and who waited. */
export class FairnessLog {
  readonly #users = new Map<string, Kept>();

  /** A request has started. */
  started(user: string, weight: number, waitedMs: number, now: number): void {
    const kept = this.#of(user, now);
    if (kept === null) return;
    kept.weight = weight;
    kept.startedAt[kept.next] = now;
    kept.waitedMs[kept.next] = waitedMs;
    kept.next = (kept.next + 1) % mostWaits;
  }

  /** A request has ended that held a slot from `from` to `now`. */
  ended(user: string, from: number, now: number): void {
    const kept = this.#of(user, now);
    if (kept === null) return;
    const first = Math.max(from, now - fairnessWindowMs);
    for (let start = first; start < now; ) {
      const bucket = Math.floor(start / bucketMs);
      const end = Math.min(now, (bucket + 1) * bucketMs);
      kept.slots.set(bucket, (kept.slots.get(bucket) ?? 0) + end - start);
      start = end;
    }
  }

  /** So many requests of this user wait now. */
  waiting(user: string, count: number, now: number): void {
    if (count === 0 && !this.#users.has(user)) return;
    const kept = this.#of(user, now);
    if (kept === null) return;
    kept.waitsSince = count === 0 ? null : (kept.waitsSince ?? now);
  }

  /** @param running the requests that hold a slot now, and since when */
  view(now: number, running: Iterable<{ user: string; since: number }>): UserFairness[] {
    const open = new Map<string, number>();
    for (const { user, since } of running) {
      const ms = now - Math.max(since, now - fairnessWindowMs);
      open.set(user, (open.get(user) ?? 0) + ms);
    }
    this.#forget(now);
    return Array.from(this.#users, ([user, kept]) => ({
      ...{ user, weight: kept.weight },
      slotMs: [...kept.slots.values()].reduce((sum, ms) => sum + ms, open.get(user) ?? 0),
      waitsMs: waitsFrom(kept, now - fairnessWindowMs),
      isBacklogged: kept.waitsSince !== null && kept.waitsSince <= now - fairnessWindowMs,
    }));
  }

  #of(user: string, now: number): Kept | null {
    const known = this.#users.get(user);
    if (known !== undefined) return known;
    if (this.#users.size >= mostUsers) this.#forget(now);
    if (this.#users.size >= mostUsers) return null;
    const nothing = { startedAt: [], waitedMs: [], next: 0, waitsSince: null };
    const kept: Kept = { weight: 1, slots: new Map(), ...nothing };
    this.#users.set(user, kept);
    return kept;
  }

  #forget(now: number): void {
    const first = now - fairnessWindowMs;
    for (const [user, { slots, startedAt, next, waitsSince }] of this.#users) {
      for (const bucket of slots.keys()) if ((bucket + 1) * bucketMs <= first) slots.delete(bucket);
      const latest = startedAt.at(next - 1) ?? Number.NEGATIVE_INFINITY;
      if (slots.size === 0 && latest < first && waitsSince === null) this.#users.delete(user);
    }
  }
}

/** The waits of the starts at or after `first`, the oldest first. */
function waitsFrom({ startedAt, waitedMs, next }: Kept, first: number): number[] {
  const inOrder = [...waitedMs.keys()].map((at) => (next + at) % waitedMs.length);
  return inOrder.flatMap((at) => ((startedAt[at] ?? first) < first ? [] : (waitedMs[at] ?? [])));
}

/**
 * Jain's index (R. Jain, D. Chiu, W. Hawe, 1984) of slot time divided by weight: 1 is fair, 1/n is
 * everything for one of n. Only users count who had something waiting during the whole window: less
 * than their part is then no wish of their own. Null below two.
 */
export function jainOf(users: readonly UserFairness[]): number | null {
  const parts = users
    .filter(({ isBacklogged }) => isBacklogged)
    .map(({ slotMs, weight }) => slotMs / weight);
  if (parts.length < 2) return null;
  const sum = parts.reduce((total, part) => total + part, 0);
  const squares = parts.reduce((total, part) => total + part * part, 0);
  return squares === 0 ? null : (sum * sum) / (parts.length * squares);
}
