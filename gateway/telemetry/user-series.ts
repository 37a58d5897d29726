import { createBoundedSeries } from "./bounded-series.ts";
import type { Add, Declare } from "./declare.ts";
import { hashedUser } from "./hashed-user.ts";

/** A user's totals over all time, from which the counters continue after a restart. */
export type Seed = {
  user: string;
  /** 1 if a key was used in any of the requests. */
  withKey?: number;
  requests: number;
  input: number;
  output: number;
};

/** What one generation used. `slotMs`: how long it held a slot; null if it had none. */
type Used = { input: number | null; output: number | null; slotMs: number | null };

/**
 * The series by user. The first 50 keep their names until a restart, so that no series jumps, and the
 * rest is told together: a dashboard cannot show more, and each name is five series.
 */
export type UserSeries = {
  /** Who used a key and has no entry in users.json was named by a program. */
  seed(totals: readonly Seed[], hasEntry: (user: string) => boolean): void;
  settled(user: string, isBehindKey: boolean, used: Used): void;
};

const maxUsers = 50;

type OfUser = { requests: Add; input: Add; output: Add; total: Add; slot: Add };

/** The first two are the counters that dashboards have always used, with their labels. */
export function createUserSeries(declare: Declare, showsPeople: boolean): UserSeries {
  const requests = declare.counter("requests_total", "Generations, by user", ["user"]);
  const tokens = declare.counter("tokens_total", "Tokens, by user and type", [
    "user",
    "token_type",
  ]);
  const slots = declare.counter(
    "user_slot_seconds_total",
    "Seconds that a user's requests held slots, since the start",
    ["user"],
  );
  const seriesOf = createBoundedSeries<OfUser>(
    (user) => ({
      requests: requests(user),
      input: tokens(user, "input"),
      output: tokens(user, "output"),
      total: tokens(user, "total"),
      slot: slots(user),
    }),
    maxUsers,
  );
  const labelOf = (user: string, isBehindKey: boolean): string =>
    isBehindKey && !showsPeople ? hashedUser(user) : user;
  function count(label: string, times: number, { input, output, slotMs }: Used): void {
    const series = seriesOf(label);
    series.requests(times);
    series.input(input);
    series.output(output);
    series.total((input ?? 0) + (output ?? 0));
    series.slot(slotMs === null ? null : slotMs / 1000);
  }
  return {
    seed(totals, hasEntry) {
      // If there are too many users, the most active ones keep their names.
      const busiest = totals.toSorted((one, next) => next.requests - one.requests);
      for (const { user, withKey, requests: times, ...tokens } of busiest) {
        count(labelOf(user, withKey === 1 && !hasEntry(user)), times, { ...tokens, slotMs: null });
      }
    },
    settled: (user, isBehindKey, used) => count(labelOf(user, isBehindKey), 1, used),
  };
}
