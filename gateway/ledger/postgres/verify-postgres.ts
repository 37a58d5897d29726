import type { ClientBase, Pool } from "pg";
import { keptFrom, placeColumns, quarterMs, sumColumns } from "../rollups.ts";
import { quoted } from "./row-columns.ts";
import { dayTable, quarterTable, type SumTable, summedLines } from "./write-rows.ts";

const columns = [...placeColumns.map(quoted), ...sumColumns].join(", ");

/** The lines in which sums and rows disagree; none when the accounts are right (see `sumFaults`). */
export async function verifyPostgres(
  db: Pool | ClientBase,
  now: number = Date.now(),
): Promise<string[]> {
  const { rows } = await db.query<{ rows_from: number }>("SELECT rows_from FROM kept");
  const first = rows[0]?.rows_from ?? 0;
  const day = first === 0 ? "" : new Date(first).toISOString().slice(0, 10);
  const quarter = Math.max(keptFrom(now), first) / quarterMs;
  return [
    ...(await faultsIn(db, dayTable, `'${day}'`)),
    ...(await faultsIn(db, quarterTable, String(quarter))),
  ];
}

async function faultsIn(db: Pool | ClientBase, table: SumTable, since: string): Promise<string[]> {
  const { name, time } = table;
  const ended = "(SELECT 1 AS sign, * FROM generations WHERE state <> 'open') AS ended";
  const rows = `SELECT * FROM (${summedLines(table, ended)}) AS summed WHERE ${time} >= ${since}`;
  const sums = `SELECT ${time}, ${columns} FROM ${name} WHERE ${time} >= ${since}`;
  const missing = await db.query(`(${rows}) EXCEPT (${sums})`);
  const surplus = await db.query(`(${sums}) EXCEPT (${rows})`);
  return [
    ...missing.rows.map((line) => `rows: ${JSON.stringify(line)}`),
    ...surplus.rows.map((line) => `${name}: ${JSON.stringify(line)}`),
  ];
}
