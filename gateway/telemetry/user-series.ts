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

type Tokens = { input: number | null; output: number | null };

/**
 * The series by user. The bound is far above a LAN's number of people; it protects against a broken
 * users file.
 */
export type UserSeries = {
  /** Who used a key and has no entry in users.json was named by a program. */
  seed(totals: readonly Seed[], hasEntry: (user: string) => boolean): void;
  settled(user: string, isBehindKey: boolean, tokens: Tokens): void;
};

const maxUsers = 500;

type OfUser = { requests: Add; input: Add; output: Add; total: Add };

/** The two counters that dashboards have always used, with the labels they have always had. */
export function createUserSeries(declare: Declare, showsPeople: boolean): UserSeries {
  const requests = declare.counter("requests_total", "Generations, by user", ["user"]);
  const tokens = declare.counter("tokens_total", "Tokens, by user and type", [
    "user",
    "token_type",
  ]);
  const seriesOf = createBoundedSeries<OfUser>(
    (user) => ({
      requests: requests(user),
      input: tokens(user, "input"),
      output: tokens(user, "output"),
      total: tokens(user, "total"),
    }),
    maxUsers,
  );
  const labelOf = (user: string, isBehindKey: boolean): string =>
    isBehindKey && !showsPeople ? hashedUser(user) : user;
  function count(label: string, times: number, { input, output }: Tokens): void {
    const series = seriesOf(label);
    series.requests(times);
    series.input(input);
    series.output(output);
    series.total((input ?? 0) + (output ?? 0));
  }
  return {
    seed(totals, hasEntry) {
      // If there are too many users, the most active ones keep their names.
      const busiest = totals.toSorted((one, next) => next.requests - one.requests);
      for (const { user, withKey, requests: times, ...tokens } of busiest) {
        count(labelOf(user, withKey === 1 && !hasEntry(user)), times, tokens);
      }
    },
    settled: (user, isBehindKey, tokens) => count(labelOf(user, isBehindKey), 1, tokens),
  };
}
