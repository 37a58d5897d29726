import { createCheckpoints } from "./checkpoints.ts";
import { openDatabase } from "./database.ts";
import { GroupCommit } from "./group-commit.ts";
import type { Closing, Opening, Row } from "./row.ts";
import { createRowWriter } from "./row-writer.ts";
import { readTotals, type UserTotals } from "./totals.ts";
import { createWindowCounts, type WindowCount } from "./window-counts.ts";

export type { Closing, Opening, RowState } from "./row.ts";
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
  /** Takes a row into this turn's commit; never throws, never waits. */
  open(row: Opening): void;
  /**
   * Closes the row of `id`. Resolves when that is committed, or waits in the spool while the
   * database takes nothing; at once for an id that is not open. Never rejects.
   */
  close(id: string, closing: Closing): Promise<void>;
  /** What each user has used over all time, as counted when a row closed. Reads the database. */
  totals(): UserTotals[];
  /** What one user used since `since` (epoch ms), oldest first. Reads the database. */
  windowCounts(user: string, since: number, now: number): WindowCount[];
  state(): LedgerState;
  /** Writes what waits (for at most `drainMs`), empties the log, closes the file. */
  shutdown(): Promise<void>;
};

export type LedgerOptions = {
  /** Path of the SQLite file; it and its directory are made where missing. */
  file: string;
  spoolLimit?: number;
  patienceMs?: number;
  drainMs?: number;
  /** Told, in a line for the log, when rows begin to wait and when one is lost. */
  onTrouble?: (message: string) => void;
  /** Told when all that waited is written. */
  onRecovery?: () => void;
};

/**
 * The accounts: one row for each accepted generation, committed in one group a turn of the event
 * loop. Opening closes, as interrupted, the rows of instances that no longer live. Throws an Error
 * with one line (path, reason, remedy) when the file cannot be used.
 */
export function openLedger(options: LedgerOptions): Ledger {
  const { file, spoolLimit = 10_000, patienceMs = 200, drainMs = 3000 } = options;
  const { onTrouble = () => {}, onRecovery = () => {} } = options;
  const { db, instance } = openDatabase(file);
  const checkpoints = createCheckpoints(db.name, onTrouble);
  const running = new Map<string, Row>();
  const commits = new GroupCommit({
    write: createRowWriter(db, instance.id),
    spoolLimit,
    patienceMs,
    onTrouble,
    onCommit: checkpoints.committed,
    onRecovery() {
      // Those for which the spool had no room, so that a crash from now on finds them.
      for (const row of running.values()) if (!row.stored) commits.add(row);
      onRecovery();
    },
  });
  let closed: Promise<void> | null = null;

  async function shut(): Promise<void> {
    const lost = await commits.drain(drainMs);
    if (lost > 0) onTrouble(`the ledger closes without ${lost} rows it could not write`);
    await checkpoints.close();
    instance.end();
    db.close();
  }

  return {
    open(opening) {
      if (closed !== null) return;
      const row: Row = { opening, closing: null, stored: false };
      running.set(opening.id, row);
      commits.add(row);
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
