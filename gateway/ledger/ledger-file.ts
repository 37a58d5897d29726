import type Database from "better-sqlite3";
import type { RosterView } from "../roster.ts";
import { createCheckpoints } from "./checkpoints.ts";
import { openDatabase } from "./database.ts";
import { type FileFate, watchFate } from "./file-fate.ts";
import { createFind, type Generation } from "./generations.ts";
import { createOpenMark } from "./open-mark.ts";
import { createReports, type Reports } from "./reports.ts";
import type { Row } from "./row.ts";
import { createRowWriter, type WriteRows } from "./row-writer.ts";
import { createSpent, type Spent } from "./spent.ts";
import { readTotals, type UserTotals } from "./totals.ts";
import { createKeyCounts, createWindowCounts, type WindowCount } from "./window-counts.ts";

/** The ledger's file while it is open: what is written to it, and what is read of it. */
export type LedgerFile = {
  /** Its real path, behind symbolic links. */
  readonly path: string;
  readonly db: Database.Database;
  readonly write: WriteRows;
  /** After each commit: its rows, and those that still wait for one. */
  committed(rows: number, waiting: number): void;
  totals(): UserTotals[];
  windowCounts(user: string, since: number, now: number, apart?: number): WindowCount[];
  keyCounts(keyId: string, since: number): WindowCount[];
  find(user: string, id: string): Generation | null;
  spent(user: string, since: number): Spent;
  readonly reports: Reports;
  /** What has become of the file that was opened. Costs a look at its path. */
  fate(): FileFate;
  /** Removes the rows of what runs now: they are written again, whole, to another file. */
  forgetOpen(): void;
  /** Closes it; `around` does the last, synchronous part. */
  close(around?: (end: () => void) => void): Promise<void>;
};

/**
 * Opens the file, for rows that are in `running` while their generations run.
 * Throws an Error with one line (path, reason, remedy) when it cannot be used.
 */
export function openLedgerFile(
  file: string,
  running: RosterView<Row>,
  onTrouble: (message: string) => void,
): LedgerFile {
  const { db, instance } = openDatabase(file);
  const checkpoints = createCheckpoints({ file: db.name, keepsSums: true }, onTrouble);
  const openMark = createOpenMark(instance.openFrom, running);
  const reports = createReports(db.name);
  return {
    path: db.name,
    db,
    write: createRowWriter(db, instance.id),
    committed(rows, waiting) {
      checkpoints.committed(rows);
      openMark.committed(rows, waiting);
    },
    totals: () => readTotals(db),
    windowCounts: createWindowCounts(db),
    keyCounts: createKeyCounts(db),
    find: createFind(db),
    spent: createSpent(db),
    reports,
    fate: watchFate(db.name),
    forgetOpen() {
      db.prepare("DELETE FROM generations WHERE state = 'open' AND instance = ?").run(instance.id);
      for (const row of running.values()) row.stored = false;
    },
    async close(around = (end) => end()) {
      await reports.close();
      await checkpoints.close();
      around(() => {
        instance.end();
        db.close();
      });
    },
  };
}
