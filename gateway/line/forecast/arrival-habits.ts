import { BoundedMap } from "../../bounded-map.ts";
import type { LineEntry } from "../order/line-entry.ts";

/** Rates differ by how many of the user's are here: none, one, two, or more. */
const states = 4;
/** What somebody did so many times ago counts for a third. */
const remembered = 32;
/** A stay so many times as long as usual is an absence, and tells nothing of the usual. */
const longStay = 10;
/** Of so many users, the latest. */
const mostUsers = 300;
/** Of so many it is asked who may come next. */
const mostListed = 24;
/** How long each one's latest generations took. */
const mostTimes = 24;

/** A user who may come while somebody waits. */
export type ExpectedUser = {
  user: string;
  weight: number;
  priority: number;
  here: number;
  /** How often one more comes, each millisecond, while so many are here (the last: or more). */
  perMs: readonly number[];
  /** How long their latest generations took: at least one. */
  usedMs: readonly number[];
};

type Habit = {
  readonly user: string;
  weight: number;
  priority: number;
  here: number;
  /** Since when so many are here. */
  since: number;
  /** By how many were here: for how long, and how often one more came. */
  readonly ms: number[];
  readonly came: number[];
  readonly usedMs: number[];
  next: number;
};

/**
 * Who comes, and how often. Somebody who asks again when they have read the answer does not come
 * while they wait for it; others send many at once. So it is learnt for how long so many of a
 * user's requests were here, and how often one more came meanwhile.
 */
export class ArrivalHabits {
  readonly #habits = new BoundedMap<Habit>(mostUsers);

  /** One more request of this user. */
  came({ request: { user }, weight, priority }: LineEntry, now: number): void {
    const known = this.#habits.get(user);
    const habit = known ?? newHabit(user, now);
    Object.assign(habit, { weight, priority });
    // The first request tells of no pause.
    if (known !== undefined) learn(habit, now);
    habit.here++;
    this.#habits.set(user, habit);
  }

  /** One less; `usedMs` is null for one that had no slot. */
  went(user: string, usedMs: number | null, now: number): void {
    const habit = this.#habits.get(user);
    if (habit === undefined) return;
    stay(habit, now);
    habit.here = Math.max(0, habit.here - 1);
    if (usedMs === null) return;
    habit.usedMs[habit.next] = usedMs;
    habit.next = (habit.next + 1) % mostTimes;
  }

  /** Who may come next, but for one; the latest come first. */
  others(but: string, now: number): ExpectedUser[] {
    const comers: ExpectedUser[] = [];
    for (const habit of [...this.#habits.values()].slice(-mostListed - 1).reverse()) {
      const { user, weight, priority, here, usedMs } = habit;
      if (user === but || usedMs.length === 0) continue;
      const perMs = ratesOf(habit, now);
      if (!perMs.some((rate) => rate > 0)) continue;
      comers.push({ user, weight, priority, here, perMs, usedMs });
    }
    return comers;
  }
}

function newHabit(user: string, now: number): Habit {
  const none = (): number[] => new Array<number>(states).fill(0);
  return {
    user,
    weight: 1,
    priority: 0,
    here: 0,
    since: now,
    ms: none(),
    came: none(),
    usedMs: [],
    next: 0,
  };
}

function stateOf({ here }: Habit): number {
  return Math.min(states - 1, here);
}

/** The time since the last change belongs to the state that ends now, which is returned. */
function stay(habit: Habit, now: number): number {
  const state = stateOf(habit);
  const lasted = now - habit.since;
  habit.since = now;
  const usual = usualMs(habit, state);
  habit.ms[state] = (habit.ms[state] ?? 0) + Math.min(lasted, longStay * usual);
  return state;
}

/** Between two that come while so many are here. */
function usualMs({ ms, came }: Habit, state: number): number {
  const times = came[state] ?? 0;
  return times < 1 ? Number.POSITIVE_INFINITY : (ms[state] ?? 0) / times;
}

/** One more has come in this state. */
function learn(habit: Habit, now: number): void {
  const { ms, came } = habit;
  for (let state = 0; state < states; state++) {
    ms[state] = (ms[state] ?? 0) * (1 - 1 / remembered);
    came[state] = (came[state] ?? 0) * (1 - 1 / remembered);
  }
  const state = stay(habit, now);
  came[state] = (came[state] ?? 0) + 1;
}

/** Where a state was never seen, the rate is that of one less. */
function ratesOf(habit: Habit, now: number): number[] {
  const current = stateOf(habit);
  const rates: number[] = [];
  for (let state = 0; state < states; state++) {
    const lasting = state === current ? now - habit.since : 0;
    if (lasting > longStay * usualMs(habit, state)) rates.push(0);
    else {
      const ms = (habit.ms[state] ?? 0) + lasting;
      rates.push(ms > 0 ? (habit.came[state] ?? 0) / ms : (rates.at(-1) ?? 0));
    }
  }
  return rates;
}
