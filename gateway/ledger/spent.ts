import type Database from "better-sqlite3";

/** What one user used, of generations that have ended. */
export type Spent = {
  readonly requests: number;
  readonly input: number;
  readonly output: number;
  /** US dollars. */
  readonly cost: number;
};

/** Over all time, and in the UTC day, week (from Monday on) and month in which now is. */
export type Spending = {
  readonly total: Spent;
  readonly day: Spent;
  readonly week: Spent;
  readonly month: Spent;
};

const dayMs = 86_400_000;

/** Sums of one user's rollups, which survive the rows. */
export function createSpent(db: Database.Database): (user: string, now: number) => Spending {
  const since = db.prepare<[string, string], Spent>(
    `SELECT coalesce(sum(requests), 0) AS requests, coalesce(sum(input_tokens), 0) AS input,
       coalesce(sum(output_tokens), 0) AS output, coalesce(sum(cost), 0) / 1e9 AS cost
     FROM rollups WHERE user = ? AND day >= ?`,
  );
  const nothing: Spent = { requests: 0, input: 0, output: 0, cost: 0 };
  return (user, now) => {
    const today = Math.floor(now / dayMs);
    // The epoch began on a Thursday.
    const monday = today - ((today + 3) % 7);
    const from = (day: string): Spent => since.get(user, day) ?? nothing;
    return {
      total: from(""),
      day: from(dayOf(today)),
      week: from(dayOf(monday)),
      month: from(`${dayOf(today).slice(0, 7)}-01`),
    };
  };
}

const dayOf = (day: number): string => new Date(day * dayMs).toISOString().slice(0, 10);
