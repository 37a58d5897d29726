import { createBoundedSeries } from "./bounded-series.ts";
import type { Add, Declare } from "./declare.ts";

/** A user's totals over all time, from which the counters continue after a restart. */
export type Seed = { user: string; requests: number; input: number; output: number };

/**
 * The series by user. The bound is far above a LAN's number of people; it protects against a broken
 * users file.
 */
export type UserSeries = {
  seed(totals: readonly Seed[]): void;
  settled(user: string, input: number | null, output: number | null): void;
};

const maxUsers = 500;

type OfUser = { requests: Add; input: Add; output: Add; total: Add };

/** The two counters that dashboards have always used, with the labels they have always had. */
export function createUserSeries(declare: Declare): UserSeries {
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
  function count(user: string, times: number, input: number | null, output: number | null): void {
    const series = seriesOf(user);
    series.requests(times);
    series.input(input);
    series.output(output);
    series.total((input ?? 0) + (output ?? 0));
  }
  return {
    seed(totals) {
      // If there are too many users, the most active ones keep their names.
      const busiest = totals.toSorted((one, next) => next.requests - one.requests);
      for (const { user, requests: times, input, output } of busiest) {
        count(user, times, input, output);
      }
    },
    settled: (user, input, output) => count(user, 1, input, output),
  };
}
