import type Database from "better-sqlite3";
import { keptFrom, quarterMs, recomputed, standing, type TableName } from "./rollups.ts";

/** A line of a table of sums that the rows do not give, or that is missing there. */
export type SumFault = {
  readonly table: TableName;
  /** What the rows give, or what the table says. */
  readonly by: "rows" | "sums";
  /** The time, the place, then the sums; in the order of `recomputed`. */
  readonly line: readonly (string | number)[];
};

/**
 * The lines in which sums and rows disagree, from the UTC day `since` (`2026-11-21`) on; none when
 * the accounts are right. Rows that were removed by age are not missed: it begins with the day from
 * which all rows are kept. Of the quarter hours those that are kept at `now` (epoch ms) are compared.
 */
export function sumFaults(
  db: Database.Database,
  since: string = "",
  now: number = Date.now(),
): SumFault[] {
  const given = since === "" ? 0 : Date.parse(since);
  const first = Math.max(given, rowsFrom(db));
  const day = first === 0 ? "" : new Date(first).toISOString().slice(0, 10);
  const quarter = Math.max(keptFrom(now), first) / quarterMs;
  return [...faultsIn(db, "rollups", day), ...faultsIn(db, "quarters", quarter)];
}

/** The same as lines of text. */
export function verify(db: Database.Database, since?: string, now?: number): string[] {
  return sumFaults(db, since, now).map(({ table, by, line }) => {
    return `${by === "rows" ? "rows" : table}: ${JSON.stringify(line)}`;
  });
}

/** The start of the UTC day (epoch ms) from which all rows are kept; 0 if none was removed. */
export const rowsFrom = (db: Database.Database): number =>
  Number(db.prepare("SELECT rows_from FROM kept").pluck().get());

function faultsIn(db: Database.Database, table: TableName, since: string | number): SumFault[] {
  const rows = `SELECT * FROM (${recomputed(table)})`;
  const linesOf = (sql: string) =>
    db.prepare<unknown[], (string | number)[]>(sql).raw().all(since, since);
  return [
    ...linesOf(`${rows} EXCEPT ${standing(table)}`).map((line) => ({
      ...{ table, by: "rows" as const, line },
    })),
    ...linesOf(`${standing(table)} EXCEPT ${rows}`).map((line) => ({
      ...{ table, by: "sums" as const, line },
    })),
  ];
}
