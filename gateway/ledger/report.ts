import { existsSync } from "node:fs";
import { resolve } from "node:path";
import Database from "better-sqlite3";
import { unsuitable } from "./migrations.ts";
import { sumColumns } from "./rollups.ts";
import {
  type UsageQuery,
  UsageQueryError,
  type UsageSummary,
  usageReport,
} from "./usage-report.ts";

/**
 * A report from the file of a ledger, over a connection of its own, which never stops a running
 * gateway. Generations that still run are not in it.
 * @throws Error with one line: the path, the reason, what to do
 */
export function readReport(file: string, query: UsageQuery): UsageSummary {
  const path = resolve(file);
  if (!existsSync(path)) {
    throw new Error(`there is no ledger at ${path}; the gateway creates it at its first start`);
  }
  let db: Database.Database | undefined;
  try {
    db = new Database(path, { readonly: true, fileMustExist: true });
    const reason = unsuitable(db);
    if (reason !== null) throw new Error(reason);
    const open = db;
    showNewLayout(open);
    return open.transaction(() => usageReport(open, query))();
  } catch (error) {
    if (error instanceof UsageQueryError) throw error;
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot read the ledger ${path}: ${text}`, { cause: error });
  } finally {
    db?.close();
  }
}

/**
 * Shows the sums of an older gateway's file in the present layout, without changing the file. The
 * gateway that starts next brings the file there.
 */
function showNewLayout(db: Database.Database): void {
  const version = Number(db.pragma("user_version", { simple: true }));
  if (version >= 3) return;
  const known = sumColumns.filter((column) => column !== "cost" && column !== "unpriced");
  // A file that a gateway has only just made has no tables yet.
  const source =
    version === 0
      ? `SELECT '' AS day, '' AS user, '' AS model, ${known.map((name) => `0 AS ${name}`)}, 0 AS cost
         WHERE 0`
      : `SELECT day, user, model, ${known.join(", ")}, ${version < 2 ? "0 AS cost" : "cost"}
         FROM main.rollups`;
  db.exec(`CREATE TEMP VIEW rollups AS SELECT day, user, '' AS key, model, '' AS upstream,
      '' AS dialect, ${known.join(", ")}, cost, iif(cost = 0, requests, 0) AS unpriced
    FROM (${source});
    CREATE TEMP VIEW quarters AS SELECT unixepoch(day) / 900 + 48 AS quarter, * FROM temp.rollups;`);
}
