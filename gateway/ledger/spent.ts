import type Database from "better-sqlite3";

/** What the ended generations of one user used. */
export type Spent = {
  readonly requests: number;
  readonly input: number;
  readonly output: number;
  /** US dollars. */
  readonly cost: number;
};

const nothing: Spent = { requests: 0, input: 0, output: 0, cost: 0 };

/** Sums up what a user spent, in SQLite and PostgreSQL; binds the user and the first UTC day. */
export const sumSpent: string = `
  SELECT coalesce(sum(requests), 0) AS requests, coalesce(sum(input_tokens), 0) AS input,
    coalesce(sum(output_tokens), 0) AS output, coalesce(sum(cost), 0) / 1e9 AS cost
  FROM rollups WHERE "user" = ? AND day >= ?`;

/**
 * Sums of one user's rollups, which survive the rows: from the UTC day of `since` (epoch ms) on, of
 * generations that started then; 0 is ever.
 */
export function createSpent(db: Database.Database): (user: string, since: number) => Spent {
  const sum = db.prepare<[string, string], Spent>(sumSpent);
  return (user, since) => sum.get(user, new Date(since).toISOString().slice(0, 10)) ?? nothing;
}
