import type Database from "better-sqlite3";

const counting = (condition: string): string => `CASE WHEN ${condition} THEN 1 ELSE 0 END`;

export type Sums = Record<
  | "requests"
  | "input_tokens"
  | "output_tokens"
  | "cached_tokens"
  | "reasoning_tokens"
  | "unmetered"
  | "errors"
  | "cancelled"
  | "interrupted"
  | "queue_ms"
  | "upstream_ms"
  | "duration_ms"
  | "cost"
  | "unpriced",
  number
>;

/**
 * What a row that is no longer open adds to each column of the sums, for SQLite and PostgreSQL. The
 * closing of a batch (`createTally`), the closing of dead instances and `verify` must all mean the
 * same by it.
 */
export const addedByRow: Readonly<Record<keyof Sums, string>> = {
  requests: "1",
  input_tokens: "coalesce(input_tokens, 0)",
  output_tokens: "coalesce(output_tokens, 0)",
  cached_tokens: "coalesce(cached_tokens, 0)",
  reasoning_tokens: "coalesce(reasoning_tokens, 0)",
  unmetered: counting("input_tokens IS NULL OR output_tokens IS NULL"),
  errors: counting("state = 'failed'"),
  cancelled: counting("state = 'cancelled'"),
  interrupted: counting("state = 'interrupted'"),
  queue_ms: "coalesce(queue_ms, 0)",
  upstream_ms: "coalesce(upstream_ms, 0)",
  duration_ms: "coalesce(duration_ms, 0)",
  cost: "coalesce(cost, 0)",
  unpriced: counting("cost IS NULL"),
};

const summed = Object.entries(addedByRow).map(([name, added]) => `sum(${added}) AS ${name}`);

/** The columns of `Sums`, in the order in which `addTo` binds them. */
export const sumColumns: readonly (keyof Sums)[] = Object.keys(addedByRow) as (keyof Sums)[];

/** What a line of the sums is of, beside its time. */
export type SumPlace = {
  user: string;
  /** The id of the key; "" where none was used or it is not known. */
  key: string;
  /** The model that served; "" where none was named. */
  model: string;
  upstream: string;
  dialect: string;
};

/** The columns of `SumPlace`, in the order in which `addTo` binds them. */
export const placeColumns: readonly (keyof SumPlace)[] = [
  "user",
  "key",
  "model",
  "upstream",
  "dialect",
];

/** Milliseconds of a quarter of an hour: every time zone's days and hours are made of them. */
export const quarterMs: number = 900_000;

export type TableName = "rollups" | "quarters";

/** The table of whole UTC days, for ever, and the table of quarter hours (see `keptFrom`). */
export const tables: Readonly<Record<TableName, { time: string; of: string }>> = {
  rollups: { time: "day", of: "strftime('%Y-%m-%d', started_at / 1000, 'unixepoch')" },
  quarters: { time: "quarter", of: `started_at / ${quarterMs}` },
};

const placeOfRow = "user, key, coalesce(served_model, model, '') AS model, upstream, dialect";
const places = placeColumns.join(", ");
const columns = sumColumns.join(", ");

function adding(table: TableName): string {
  const added = sumColumns.map((column) => `${column} = ${column} + excluded.${column}`);
  return `ON CONFLICT (${tables[table].time}, ${places}) DO UPDATE SET ${added.join(", ")}`;
}

/** Adds sums to one line of a table: binds the time, `placeColumns`, then `sumColumns`. */
export function addTo(table: TableName): string {
  const names = [tables[table].time, ...placeColumns, ...sumColumns];
  return `INSERT INTO ${table} (${names.join(", ")})
    VALUES (${names.map(() => "?").join(", ")}) ${adding(table)}`;
}

/** Adds the lines of a SELECT, which has the time, `placeColumns` and `sumColumns` in this order. */
export function addingTo(table: TableName, lines: string): string {
  return `INSERT INTO ${table} (${tables[table].time}, ${places}, ${columns})
    ${lines} ${adding(table)}`;
}

/** A table as the rows themselves give it, from a time on. */
export function recomputed(table: TableName): string {
  const { time, of } = tables[table];
  return `SELECT ${of} AS ${time}, ${placeOfRow}, ${summed.join(", ")}
    FROM generations WHERE state <> 'open' AND ${time} >= ? GROUP BY 1, 2, 3, 4, 5, 6`;
}

/** A table as it stands, from a time on; the same columns as `recomputed`. */
export function standing(table: TableName): string {
  const { time } = tables[table];
  return `SELECT ${time}, ${places}, ${columns} FROM ${table} WHERE ${time} >= ?`;
}

/**
 * Closes, as interrupted, the open rows of instances that ended, and counts them; once for each
 * instance. To be called in a transaction.
 */
export function interruptOpen(db: Database.Database): void {
  const ended = "FROM instances WHERE ended_at IS NOT NULL AND settled = 0";
  const left = `state = 'open' AND number >= (SELECT min(open_from) ${ended})
    AND instance IN (SELECT id ${ended})`;
  const counted = sumColumns.map((column) =>
    column === "interrupted" ? "count(*)" : `sum(${addedByRow[column]})`,
  );
  for (const table of ["rollups", "quarters"] as const) {
    const { time, of } = tables[table];
    const lines = `SELECT ${of} AS ${time}, ${placeOfRow}, ${counted.join(", ")} FROM generations
      WHERE ${left} GROUP BY 1, 2, 3, 4, 5, 6`;
    db.exec(addingTo(table, lines));
  }
  db.exec(`UPDATE generations SET state = 'interrupted' WHERE ${left};
    UPDATE instances SET settled = 1 WHERE ended_at IS NOT NULL AND settled = 0`);
}

const dayMs = 86_400_000;
const keptDays = 90;

/** The UTC day's start (epoch ms) from which quarter hours are kept: 90 days before `now`. */
export function keptFrom(now: number): number {
  return (Math.floor(now / dayMs) - keptDays) * dayMs;
}

/** Removes the quarter hours that are no longer kept; their days stay in `rollups`. */
export function forgetQuarters(db: Database.Database, now: number): void {
  db.prepare("DELETE FROM quarters WHERE quarter < ?").run(keptFrom(now) / quarterMs);
}
