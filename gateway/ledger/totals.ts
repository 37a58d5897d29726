import type Database from "better-sqlite3";

/** What one user has used. `unmetered` of the requests have no token numbers in these sums. */
export type UserTotals = {
  user: string;
  /** 1 if a key was used in any of the requests. */
  withKey: number;
  requests: number;
  input: number;
  output: number;
  /** Part of `input`. */
  cached: number;
  /** Part of `output`. */
  reasoning: number;
  unmetered: number;
  errors: number;
  cancelled: number;
  interrupted: number;
  /** US dollars. */
  cost: number;
};

/** The sums of `rollups` as the fields of UserTotals, `user` excepted. */
const totalColumns = `sum(requests) AS requests, sum(input_tokens) AS input,
  sum(output_tokens) AS output, sum(cached_tokens) AS cached, sum(reasoning_tokens) AS reasoning,
  sum(unmetered) AS unmetered, sum(errors) AS errors, sum(cancelled) AS cancelled,
  sum(interrupted) AS interrupted, sum(cost) / 1e9 AS cost`;

/** Reads the totals, in SQLite and PostgreSQL. */
export const sumTotals: string = `
  SELECT "user", max(CASE WHEN key <> '' THEN 1 ELSE 0 END) AS "withKey", ${totalColumns}
  FROM rollups GROUP BY "user" ORDER BY "user"`;

/** Totals of each user over all time. */
export function readTotals(db: Database.Database): UserTotals[] {
  return db.prepare<[], UserTotals>(sumTotals).all();
}
