import type Database from "better-sqlite3";

/**
 * What each column of `rollups` sums, over rows that are no longer open. The closing of a batch
 * (`createTally`), the closing of dead instances and `verify` must all mean the same by it.
 */
const sums = {
  requests: "count(*)",
  input_tokens: "sum(coalesce(input_tokens, 0))",
  output_tokens: "sum(coalesce(output_tokens, 0))",
  cached_tokens: "sum(coalesce(cached_tokens, 0))",
  reasoning_tokens: "sum(coalesce(reasoning_tokens, 0))",
  unmetered: "sum(input_tokens IS NULL OR output_tokens IS NULL)",
  errors: "sum(state = 'failed')",
  cancelled: "sum(state = 'cancelled')",
  interrupted: "sum(state = 'interrupted')",
  queue_ms: "sum(coalesce(queue_ms, 0))",
  upstream_ms: "sum(coalesce(upstream_ms, 0))",
  duration_ms: "sum(coalesce(duration_ms, 0))",
  cost: "sum(coalesce(cost, 0))",
} as const;

export type Sums = Record<keyof typeof sums, number>;

const columns = Object.keys(sums).join(", ");
const place =
  "strftime('%Y-%m-%d', started_at / 1000, 'unixepoch') AS day, user, coalesce(model, '')";
const add = `ON CONFLICT (day, user, model) DO UPDATE SET ${Object.keys(sums)
  .map((column) => `${column} = ${column} + excluded.${column}`)
  .join(", ")}`;

/** The columns of `rollups` as the rows themselves give them, from `since` (a day) on. */
export const recomputed: string = `SELECT ${place} AS model, ${Object.values(sums).join(", ")}
  FROM generations WHERE state <> 'open' AND day >= ? GROUP BY 1, 2, 3`;

/** `rollups` as it stands, from `since` (a day) on; the same columns as `recomputed`. */
export const standing: string = `SELECT day, user, model, ${columns} FROM rollups WHERE day >= ?`;

/**
 * Closes, as interrupted, the open rows of instances that ended, and counts them; once for each
 * instance. To be called in a transaction.
 */
export function interruptOpen(db: Database.Database): void {
  const ended = "FROM instances WHERE ended_at IS NOT NULL AND settled = 0";
  const left = `state = 'open' AND number >= (SELECT min(open_from) ${ended})
    AND instance IN (SELECT id ${ended})`;
  const counted = Object.entries(sums).map(([column, sum]) =>
    column === "interrupted" ? "count(*)" : sum,
  );
  db.exec(`INSERT INTO rollups (day, user, model, ${columns})
    SELECT ${place}, ${counted.join(", ")} FROM generations WHERE ${left} GROUP BY 1, 2, 3 ${add};
    UPDATE generations SET state = 'interrupted' WHERE ${left};
    UPDATE instances SET settled = 1 WHERE ended_at IS NOT NULL AND settled = 0`);
}

/** Adds sums to the line of a day, user and model: binds those three, then the columns in order. */
export const addSums: string = `INSERT INTO rollups (day, user, model, ${columns})
  VALUES (?, ?, ?, ${Object.keys(sums).map(() => "?")}) ${add}`;
