import { Roster } from "../roster.ts";
import { createCheckpoints } from "./checkpoints.ts";
import { openDatabase } from "./database.ts";
import { createFind, type Generation } from "./generations.ts";
import { GroupCommit } from "./group-commit.ts";
import { createOpenMark } from "./open-mark.ts";
import { createOpenings } from "./openings.ts";
import { createReports, type Reports } from "./reports.ts";
import type { Row, RowClosing, RowOpening } from "./row.ts";
import { createRowWriter } from "./row-writer.ts";
import { createSpent, type Spent } from "./spent.ts";
import { readTotals, type UserTotals } from "./totals.ts";
import { createWindowCounts, type WindowCount } from "./window-counts.ts";

export type { Generation } from "./generations.ts";
export type { RowClosing, RowOpening, RowState } from "./row.ts";
export type { Spent } from "./spent.ts";
export type { UserTotals } from "./totals.ts";
export type { WindowCount } from "./window-counts.ts";

export type LedgerState = {
  /** Rows reach the database. */
  ok: boolean;
  /** Rows that wait in memory for the disk, and how many may. */
  spooled: number;
  spoolLimit: number;
  /** Rows lost since the start: the spool was full, or the database refused them. */
  dropped: number;
  error: string | null;
};

export type Ledger = {
  /** Takes a row, to be committed within milliseconds; never throws, never waits. */
  open(row: RowOpening): void;
  /** The row of `id` waits in line: it goes into this turn's commit. Of others it does nothing. */
  waits(id: string): void;
  /**
   * Closes the row of `id`. Resolves when that is committed, or waits in the spool while the
   * database takes nothing; at once for an id that is not open. Never rejects.
   */
  close(id: string, closing: RowClosing): Promise<void>;
  /** What each user has used over all time, as counted when a row closed. Reads the database. */
  totals(): UserTotals[];
  /** What one user used since `since` (epoch ms), oldest first. Reads the database. */
  windowCounts(user: string, since: number, now: number): WindowCount[];
  /** The newest of this user's generations of this id: ours, the request's, or the upstream's. */
  find(user: string, id: string): Generation | null;
  /** What one user used from the UTC day of `since` (epoch ms; 0 is ever) on. */
  spent(user: string, since: number): Spent;
  /** What people ask of the accounts; read by a worker, never by the event loop. */
  readonly reports: Pick<Reports, "usage" | "requests">;
  state(): LedgerState;
  /** Writes the waiting rows (for at most `drainMs`), empties the log, and closes the file. */
  shutdown(): Promise<void>;
};

export type LedgerOptions = {
  /** Path of the SQLite file. Directory and file are created if missing. */
  file: string;
  spoolLimit?: number;
  patienceMs?: number;
  drainMs?: number;
  /** How long an opening waits for its closing, to be written as one row. Milliseconds. */
  openingDelayMs?: number;
  /** Called with a line for the log when rows begin to wait and when a row is lost. */
  onTrouble?: (message: string) => void;
  /** Called when all waiting rows are written. */
  onRecovery?: () => void;
};

/**
 * The accounts: one row for each accepted generation, committed in one group a turn of the event
 * loop; one that ends within `openingDelayMs`, and never waits, is written once, whole. Opening
 * closes, as interrupted, the rows of instances that no longer live. Throws an Error with one line
 * (path, reason, remedy) when the file cannot be used.
 */
export function openLedger(options: LedgerOptions): Ledger {
  const { file, spoolLimit = 10_000, patienceMs = 200, drainMs = 3000 } = options;
  const { openingDelayMs = 5 } = options;
  const { onTrouble = () => {}, onRecovery = () => {} } = options;
  const { db, instance } = openDatabase(file);
  const checkpoints = createCheckpoints(db.name, onTrouble);
  const running = new Roster<Row>();
  const openMark = createOpenMark(instance.openFrom, running);
  const commits = new GroupCommit({
    write: createRowWriter(db, instance.id),
    spoolLimit,
    patienceMs,
    onTrouble,
    onCommit(rows, waiting) {
      checkpoints.committed(rows);
      openMark.committed(rows, waiting);
    },
    onRecovery() {
      // Openings that found no room in the spool, written so that a crash from now on finds them.
      for (const row of running.values()) if (!row.stored) commits.add(row);
      onRecovery();
    },
  });
  const openings = createOpenings((row) => commits.add(row), openingDelayMs);
  const reports = createReports(db.name);
  let closed: Promise<void> | null = null;

  async function shut(): Promise<void> {
    openings.flush();
    const lost = await commits.drain(drainMs);
    if (lost > 0) onTrouble(`the ledger closes and loses ${lost} rows that it could not write`);
    await reports.close();
    await checkpoints.close();
    instance.end();
    db.close();
  }

  return {
    open(opening) {
      if (closed !== null) return;
      const row: Row = { opening, closing: null, queued: false, stored: false, number: 0 };
      running.set(opening.id, row);
      openings.hold(row);
    },
    waits(id) {
      const row = running.get(id);
      if (row !== undefined && !row.stored && closed === null) commits.add(row);
    },
    close(id, closing) {
      const row = running.get(id);
      if (row !== undefined && closed === null) {
        running.delete(id);
        row.closing = closing;
        commits.add(row);
      }
      return commits.settled();
    },
    totals: () => readTotals(db),
    windowCounts: createWindowCounts(db),
    find: createFind(db),
    spent: createSpent(db),
    reports,
    state() {
      const { spooled, dropped, error } = commits.state();
      return { ok: error === null, spooled, spoolLimit, dropped, error };
    },
    shutdown() {
      closed ??= shut();
      return closed;
    },
  };
}
