import { hostname } from "node:os";
import type { Pool } from "pg";
import { rowNames } from "./row-columns.ts";
import { addingLines, dayTable, quarterTable, summedLines } from "./write-rows.ts";

/** A gateway that has said nothing for so long counts as ended. */
const lifetime = "2 minutes";

/** Says that this gateway lives, by the clock of the database alone. */
export async function sayAlive(db: Pool, instance: string): Promise<void> {
  const sql = `INSERT INTO instances (id, host, pid, until)
    VALUES ($1, $2, $3, clock_timestamp() + interval '${lifetime}')
    ON CONFLICT (id) DO UPDATE SET until = excluded.until, ended_at = NULL`;
  await db.query(sql, [instance, hostname(), process.pid]);
}

/** Its end: what is left open of it is closed by the next gateway that looks. */
export async function sayEnded(db: Pool, instance: string): Promise<void> {
  await db.query("UPDATE instances SET until = clock_timestamp() WHERE id = $1", [instance]);
}

/**
 * Closes, as interrupted, the open rows of gateways that no longer say that they live, and counts
 * them. A gateway that was only cut off may close its rows itself later: that counts instead.
 */
const burying = `
  WITH dead AS (
    UPDATE instances SET ended_at = clock_timestamp()
    WHERE ended_at IS NULL AND until < clock_timestamp() RETURNING id
  ), written AS (
    UPDATE generations SET state = 'interrupted'
    WHERE state = 'open' AND instance IN (SELECT id FROM dead) RETURNING ${rowNames}
  ), changed AS MATERIALIZED (
    SELECT 1 AS sign, ${rowNames} FROM written
  ), in_days AS (
    ${addingLines(dayTable, summedLines(dayTable, "changed"))}
  ), in_quarters AS (
    ${addingLines(quarterTable, summedLines(quarterTable, "changed"))}
  )
  SELECT count(*) AS closed FROM written`;

export async function buryDead(db: Pool): Promise<void> {
  await db.query(burying);
}
