import { BoundedMap } from "../../bounded-map.ts";
import type { LineEntry } from "../order/line-entry.ts";

/** Rates differ by how many requests of the user are here: none, one, two, or more. */
const states = 4;
/** After so many arrivals an observation counts for a third. */
const remembered = 32;
/** A pause so many times as long as usual is an absence. It says nothing of the usual pause. */
const longStay = 10;
/** The most users remembered, the latest ones. */
const mostUsers = 300;
/** The most users in `others`. */
const mostListed = 24;
/** The most times remembered for each user. */
const mostTimes = 24;

/** A user who may send a request while another one waits. */
export type ExpectedUser = {
  user: string;
  weight: number;
  priority: number;
  here: number;
  /**
   * Arrivals a millisecond, by the number of the user's requests that are here. The last is for
   * that many or more.
   */
  perMs: readonly number[];
  /** How long their latest requests held a slot; at least one. */
  usedMs: readonly number[];
};

type Habit = {
  readonly user: string;
  weight: number;
  priority: number;
  here: number;
  /** Since when `here` has its value. */
  since: number;
  /** By the number of requests here: for how long, and how many came meanwhile. */
  readonly ms: number[];
  readonly came: number[];
  readonly usedMs: number[];
  next: number;
};

/**
 * Learns which users send requests, and how often. A person who reads each answer before the next
 * question sends nothing while one waits; a program sends many at once. So for each number of a
 * user's requests that are here it learns how long that lasted, and how many more came meanwhile.
 */
export class ArrivalHabits {
  readonly #habits = new BoundedMap<Habit>(mostUsers);

  /** Call it when a request of this user joins. */
  arrived({ request: { user }, weight, priority }: LineEntry, now: number): void {
    const known = this.#habits.get(user);
    const habit = known ?? newHabit(user, now);
    Object.assign(habit, { weight, priority });
    // Before the first request there was no pause.
    if (known !== undefined) learn(habit, now);
    habit.here++;
    this.#habits.set(user, habit);
  }

  /**
   * Call it when a request of this user is gone. `usedMs`: how long it held a slot; null if it got
   * none.
   */
  left(user: string, usedMs: number | null, now: number): void {
    const habit = this.#habits.get(user);
    if (habit === undefined) return;
    stay(habit, now);
    habit.here = Math.max(0, habit.here - 1);
    if (usedMs === null) return;
    habit.usedMs[habit.next] = usedMs;
    habit.next = (habit.next + 1) % mostTimes;
  }

  /** The users who may send a request next, without `but`. The latest ones are first. */
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

/** Adds the time since the last change to the state that ends now. Returns that state. */
function stay(habit: Habit, now: number): number {
  const state = stateOf(habit);
  const lasted = now - habit.since;
  habit.since = now;
  const usual = usualMs(habit, state);
  habit.ms[state] = (habit.ms[state] ?? 0) + Math.min(lasted, longStay * usual);
  return state;
}

/** The usual time between two arrivals in this state. Milliseconds. */
function usualMs({ ms, came }: Habit, state: number): number {
  const times = came[state] ?? 0;
  return times < 1 ? Number.POSITIVE_INFINITY : (ms[state] ?? 0) / times;
}

/** Learns that a request has come in this state. */
function learn(habit: Habit, now: number): void {
  const { ms, came } = habit;
  for (let state = 0; state < states; state++) {
    ms[state] = (ms[state] ?? 0) * (1 - 1 / remembered);
    came[state] = (came[state] ?? 0) * (1 - 1 / remembered);
  }
  const state = stay(habit, now);
  came[state] = (came[state] ?? 0) + 1;
}

/** A state that was never seen has the rate of the state below it. */
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
