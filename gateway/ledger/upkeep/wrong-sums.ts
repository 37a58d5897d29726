import type Database from "better-sqlite3";
import { addTo, placeColumns, quarterMs, tables } from "../rollups.ts";
import { rowsFrom, type SumFault, sumFaults } from "../verify.ts";

/** What comparing the sums with the rows has shown. */
export type SumsFound = {
  /** Rows in the file, and the start (epoch ms) of the oldest; null without a row. */
  readonly rows: number;
  readonly oldest: number | null;
  /** The start of the UTC day (epoch ms) from which all rows are kept; 0 if none was removed. */
  readonly rowsFrom: number;
  readonly faults: readonly SumFault[];
  /** UTC days with sums and no row at all: somebody has removed the rows, and nothing can be said. */
  readonly daysWithoutRows: readonly string[];
};

/**
 * Compares the sums with the rows, in one moment of the file. Sums that name no upstream were taken
 * over from another gateway, and have no rows.
 */
export function compareSums(db: Database.Database): SumsFound {
  return db.transaction(() => compare(db))();
}

/** Makes the sums what the rows give, where `compareSums` finds a fault. Returns what it found. */
export function repairSums(db: Database.Database): SumsFound {
  return db
    .transaction((): SumsFound => {
      const found = compare(db);
      // A line that differs is in both lists.
      for (const { table, by, line } of found.faults) {
        if (by !== "sums") continue;
        const key = [tables[table].time, ...placeColumns];
        const sql = `DELETE FROM ${table} WHERE ${key.map((name) => `${name} = ?`).join(" AND ")}`;
        db.prepare(sql).run(...line.slice(0, key.length));
      }
      for (const { table, by, line } of found.faults) {
        if (by === "rows") db.prepare(addTo(table)).run(...line);
      }
      return found;
    })
    .immediate();
}

function compare(db: Database.Database): SumsFound {
  const { rows, oldest } = db
    .prepare<[], { rows: number; oldest: number | null }>(
      "SELECT count(*) AS rows, min(started_at) AS oldest FROM generations",
    )
    .get() ?? { rows: 0, oldest: null };
  const days = new Set(
    db
      .prepare<[], string>(
        `SELECT DISTINCT strftime('%Y-%m-%d', started_at / 1000, 'unixepoch') FROM generations
         WHERE state <> 'open'`,
      )
      .pluck()
      .all(),
  );
  const ours = sumFaults(db).filter(({ by, line }) => by === "rows" || !isTakenOver(line));
  const faults = ours.filter((fault) => days.has(dayOf(fault)));
  const others = ours.filter((fault) => !days.has(dayOf(fault))).map(dayOf);
  const daysWithoutRows = [...new Set(others)].sort();
  return { rows, oldest, rowsFrom: rowsFrom(db), faults, daysWithoutRows };
}

/** The UTC day of a fault: `2026-11-21`. */
export function dayOf({ table, line: [time] }: SumFault): string {
  if (table === "rollups") return String(time);
  return new Date(Number(time) * quarterMs).toISOString().slice(0, 10);
}

function isTakenOver(line: SumFault["line"]): boolean {
  const at = (column: "upstream" | "dialect") => line[1 + placeColumns.indexOf(column)];
  return at("upstream") === "" && at("dialect") === "";
}
