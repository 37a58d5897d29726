import type Database from "better-sqlite3";
import { keptFrom, quarterMs, recomputed, standing } from "./rollups.ts";

/**
 * The lines in which sums and rows disagree, from the UTC day `since` (`2026-11-21`) on; none when
 * the accounts are right. Retention removes rows and keeps sums: give the first whole day. Of the
 * quarter hours those that are kept at `now` (epoch ms) are compared.
 */
export function verify(
  db: Database.Database,
  since: string = "",
  now: number = Date.now(),
): string[] {
  const first = since === "" ? 0 : Date.parse(since);
  const quarter = Math.max(keptFrom(now), first) / quarterMs;
  return [...faultsIn(db, "rollups", since), ...faultsIn(db, "quarters", quarter)];
}

function faultsIn(
  db: Database.Database,
  table: "rollups" | "quarters",
  since: string | number,
): string[] {
  const rows = `SELECT * FROM (${recomputed(table)})`;
  const missing = db.prepare(`${rows} EXCEPT ${standing(table)}`).raw();
  const surplus = db.prepare(`${standing(table)} EXCEPT ${rows}`).raw();
  return [
    ...missing.all(since, since).map((line) => `rows: ${JSON.stringify(line)}`),
    ...surplus.all(since, since).map((line) => `${table}: ${JSON.stringify(line)}`),
  ];
}
