import type { ClientBase, Pool } from "pg";
import { addedByRow, placeColumns, quarterMs, sumColumns } from "../rollups.ts";
import { cleanJson } from "./clean-text.ts";
import { quoted, rowNames, rowTypes } from "./row-columns.ts";

/** A table of sums: its time, and which time a row counts for. */
export type SumTable = { readonly name: string; readonly time: string; readonly of: string };

/** The UTC days, for ever. */
export const dayTable: SumTable = {
  name: "rollups",
  time: "day",
  of: "to_char(to_timestamp(started_at / 1000) AT TIME ZONE 'UTC', 'YYYY-MM-DD')",
};

/** The quarter hours of the last 90 days. */
export const quarterTable: SumTable = {
  name: "quarters",
  time: "quarter",
  of: `started_at / ${quarterMs}`,
};

const places = placeColumns.map(quoted).join(", ");
const sums = sumColumns.map(quoted).join(", ");
const placeOfRow = "\"user\", key, coalesce(served_model, model, '') AS model, upstream, dialect";

/** Adds the lines of a SELECT, which has the time, the places and the sums in this order. */
export function addingLines({ name, time }: SumTable, lines: string): string {
  const added = sumColumns.map((column) => `${column} = ${name}.${column} + excluded.${column}`);
  // In one order for all gateways, so that no two wait for each other.
  return `INSERT INTO ${name} (${time}, ${places}, ${sums}) ${lines} ORDER BY 1, 2, 3, 4, 5, 6
    ON CONFLICT (${time}, ${places}) DO UPDATE SET ${added.join(", ")}`;
}

/**
 * Rows of a SELECT, each with a `sign`, as sums by time and place: what is taken back counts as -1.
 */
export function summedLines({ time, of }: SumTable, rows: string): string {
  const summed = sumColumns.map((column) => `sum(sign * (${addedByRow[column]})) AS ${column}`);
  return `SELECT ${of} AS ${time}, ${placeOfRow}, ${summed.join(", ")}
    FROM ${rows} GROUP BY 1, 2, 3, 4, 5, 6`;
}

/** The columns that a closing brings, or changes. */
const closing = [
  ...["upstream", "state", "status", "error_code", "queue_ms", "first_token_ms", "upstream_ms"],
  ...["duration_ms", "input_tokens", "output_tokens", "cached_tokens", "reasoning_tokens"],
  ...["usage_source", "upstream_id", "cost", "served_model"],
];

/**
 * One statement, so one transaction and one way to the database and back. A row that is there counts
 * once however often it is sent. A closing takes the place of what others said of a gateway that
 * they held for dead (`interrupted`); what was counted then is taken back. `before` is read, and
 * locked, before anything is written: a row that the same statement has changed cannot be locked.
 */
const writing = `
  WITH incoming AS MATERIALIZED (
    SELECT * FROM json_to_recordset($1::json) AS sent(place bigint, ${rowTypes})
  ), before AS MATERIALIZED (
    SELECT there.* FROM generations AS there JOIN incoming USING (id) FOR UPDATE OF there
  ), written AS (
    INSERT INTO generations (${rowNames})
    SELECT ${rowNames} FROM incoming WHERE (SELECT count(*) FROM before) >= 0 ORDER BY place
    ON CONFLICT (id) DO UPDATE SET
      ${closing.map((column) => `${column} = excluded.${column}`).join(", ")}
    WHERE excluded.state <> 'open' AND (generations.state = 'open'
      OR (generations.state = 'interrupted' AND excluded.state <> 'interrupted'))
    RETURNING ${rowNames}
  ), changed AS MATERIALIZED (
    SELECT 1 AS sign, ${rowNames} FROM written WHERE state <> 'open'
    UNION ALL
    SELECT -1, ${rowNames} FROM before
    WHERE state <> 'open' AND id IN (SELECT id FROM written)
  ), in_days AS (
    ${addingLines(dayTable, summedLines(dayTable, "changed"))}
  ), in_quarters AS (
    ${addingLines(quarterTable, summedLines(quarterTable, "changed"))}
  )
  SELECT count(*) AS written FROM written`;

/**
 * Writes rows (each JSON, by column) and counts what has ended. Rows that are there already change
 * nothing. Returns how many rows were new or changed.
 */
export async function writeRows(db: Pool | ClientBase, rows: readonly object[]): Promise<number> {
  const sent = cleanJson(rows.map((row, place) => ({ ...row, place })));
  const { rows: found } = await db.query<{ written: number }>(writing, [sent]);
  return found[0]?.written ?? 0;
}
