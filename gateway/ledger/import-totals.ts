import { existsSync } from "node:fs";
import Database from "better-sqlite3";
import { unsuitable } from "./migrations.ts";
import { addTo, quarterMs } from "./rollups.ts";

/** What one user had used before, under another gateway. */
export type ImportedTotals = { user: string; requests: number; input: number; output: number };

/** Stands in the column of models, so that a second import is noticed. */
const importedModel = "(imported)";

/**
 * Adds totals to the sums of one UTC day (`2026-11-21`), all or none; a gateway may run meanwhile.
 * @throws Error with one line where there is no ledger, or where totals were imported before
 */
export function importTotals(file: string, totals: readonly ImportedTotals[], day: string): void {
  if (!existsSync(file)) throw new Error("there is no ledger yet; start the gateway first");
  const db = new Database(file, { timeout: 5_000 });
  try {
    const reason = unsuitable(db);
    if (reason !== null) throw new Error(reason);
    db.transaction(() => {
      const before = db.prepare("SELECT 1 FROM rollups WHERE model = ? LIMIT 1").get(importedModel);
      if (before !== undefined) throw new Error("totals were imported before; nothing was added");
      const toDay = db.prepare(addTo("rollups"));
      const toQuarter = db.prepare(addTo("quarters"));
      // Noon in UTC is on this day in nearly every time zone.
      const quarter = Date.parse(`${day}T12:00:00Z`) / quarterMs;
      for (const { user, requests, input, output } of totals) {
        // In the order of the columns: the place, then the sums. All but three are unknown.
        const place = [user, "", importedModel, "", ""];
        const sums = [requests, input, output, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, requests];
        toDay.run(day, ...place, ...sums);
        toQuarter.run(quarter, ...place, ...sums);
      }
    }).immediate();
  } finally {
    db.close();
  }
}
