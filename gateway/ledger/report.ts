import { existsSync } from "node:fs";
import { resolve } from "node:path";
import Database from "better-sqlite3";
import { unsuitable } from "./migrations.ts";
import { totalColumns, type UserTotals } from "./totals.ts";

/** What one user used on one UTC day (`2026-11-21`). */
export type DayTotals = { day: string } & UserTotals;

export type ReportFilter = {
  /** The first UTC day; `""` for all. */
  since: string;
  /** One user only; null for all. */
  user: string | null;
};

/**
 * Totals for each day and user, oldest first. Reads the rollups over a connection of its own, which
 * never stops a running gateway; generations that still run are not in them. Throws an Error with
 * one line: the path, the reason, what to do.
 */
export function readReport(file: string, filter: ReportFilter): DayTotals[] {
  const path = resolve(file);
  if (!existsSync(path)) {
    throw new Error(`there is no ledger at ${path}; the gateway creates it at its first start`);
  }
  let db: Database.Database | undefined;
  try {
    db = new Database(path, { readonly: true, fileMustExist: true });
    const reason = unsuitable(db);
    if (reason !== null) throw new Error(reason);
    // A file that a gateway has only just made has no tables yet.
    const version = Number(db.pragma("user_version", { simple: true }));
    if (version === 0) return [];
    // Costs came with version 2; the gateway that starts next brings the file there.
    const source = version < 2 ? "(SELECT *, 0 AS cost FROM rollups)" : "rollups";
    return db
      .prepare<[string, string | null, string | null], DayTotals>(
        `SELECT day, user, ${totalColumns} FROM ${source}
         WHERE day >= ? AND (? IS NULL OR user = ?) GROUP BY day, user ORDER BY day, user`,
      )
      .all(filter.since, filter.user, filter.user);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot read the ledger ${path}: ${text}`, { cause: error });
  } finally {
    db?.close();
  }
}

/** The sums over all lines of a report. */
export function sumOf(lines: readonly DayTotals[]): Omit<UserTotals, "user"> {
  const sum = (key: Exclude<keyof UserTotals, "user">): number =>
    lines.reduce((total, line) => total + line[key], 0);
  return {
    requests: sum("requests"),
    input: sum("input"),
    output: sum("output"),
    cached: sum("cached"),
    reasoning: sum("reasoning"),
    unmetered: sum("unmetered"),
    errors: sum("errors"),
    cancelled: sum("cancelled"),
    interrupted: sum("interrupted"),
    cost: sum("cost"),
  };
}
