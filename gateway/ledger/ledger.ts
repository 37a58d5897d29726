import { Roster } from "../roster.ts";
import type { Generation } from "./generations.ts";
import { GroupCommit } from "./group-commit.ts";
import { LedgerFiles } from "./ledger-files.ts";
import { createOpenings } from "./openings.ts";
import type { Reports } from "./reports.ts";
import type { Row, RowClosing, RowOpening } from "./row.ts";
import type { Spent } from "./spent.ts";
import type { UserTotals } from "./totals.ts";
import type { WindowCount } from "./window-counts.ts";

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
  /** What became of the file that rows went to before, and when; null if it is the same one. */
  notice: string | null;
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
  totals(): Promise<UserTotals[]>;
  /**
   * What one user used since `since` (epoch ms), oldest first. Reads the database: a promise where
   * that is far away. Never throws or rejects; without a readable database there is nothing.
   */
  windowCounts(user: string, since: number, now: number): WindowCount[] | Promise<WindowCount[]>;
  /** The same of all people behind a key, by quarter hours, by the key's id. */
  keyCounts(keyId: string, since: number): WindowCount[] | Promise<WindowCount[]>;
  /** The newest of this user's generations of this id: ours, the request's, or the upstream's. */
  find(user: string, id: string): Promise<Generation | null>;
  /** What one user used from the UTC day of `since` (epoch ms; 0 is ever) on. */
  spent(user: string, since: number): Promise<Spent>;
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
  /** What a start does with a damaged file: it fails (default), or begins a new one. */
  ifDamaged?: "stop" | "new";
  /** Milliseconds between two looks at whether the file is still at its path. */
  lookEveryMs?: number;
};

/**
 * The accounts: one row for each accepted generation, committed in one group a turn of the event
 * loop; one that ends within `openingDelayMs`, and never waits, is written once, whole. Opening
 * closes, as interrupted, the rows of instances that no longer live. Throws an Error with one line
 * (path, reason, remedy) when the file cannot be used.
 */
export function openLedger(options: LedgerOptions): Ledger {
  const { file, spoolLimit = 10_000, patienceMs = 200, drainMs = 3000 } = options;
  const { openingDelayMs = 5, ifDamaged = "stop", lookEveryMs = 5_000 } = options;
  const { onTrouble = () => {}, onRecovery = () => {} } = options;
  const running = new Roster<Row>();
  // Openings that are in no file, written so that a crash from now on finds them.
  const writeOpen = (): void => {
    for (const row of running.values()) if (!row.stored) commits.add(row);
  };
  const files = new LedgerFiles({ file, running, ifDamaged, onTrouble, onReady: writeOpen });
  const commits = new GroupCommit({
    write: (rows) => files.write(rows),
    spoolLimit,
    patienceMs,
    onTrouble,
    onCommit: (rows, waiting) => files.open.committed(rows, waiting),
    onRecovery() {
      writeOpen();
      onRecovery();
    },
  });
  const openings = createOpenings((row) => commits.add(row), openingDelayMs);
  const looking = setInterval(() => void files.look(), lookEveryMs).unref();
  let closed: Promise<void> | null = null;

  async function shut(): Promise<void> {
    clearInterval(looking);
    openings.flush();
    // Rows in a file that was deleted a moment ago would be gone with its descriptor.
    await files.look(true);
    const lost = await commits.drain(drainMs);
    if (lost > 0) onTrouble(`the ledger closes and loses ${lost} rows that it could not write`);
    await files.close();
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
    totals: async () => files.open.totals(),
    windowCounts(user, since, now) {
      try {
        return files.open.windowCounts(user, since, now);
      } catch (error) {
        // Without a readable file a limit counts from now on; chats go on.
        onTrouble(`the ledger cannot be read for limits: ${String(error)}`);
        return [];
      }
    },
    keyCounts(keyId, since) {
      try {
        return files.open.keyCounts(keyId, since);
      } catch (error) {
        onTrouble(`the ledger cannot be read for limits: ${String(error)}`);
        return [];
      }
    },
    find: async (user, id) => files.open.find(user, id),
    spent: async (user, since) => files.open.spent(user, since),
    reports: {
      usage: async (query) => await files.open.reports.usage(query),
      requests: async (query) => await files.open.reports.requests(query),
    },
    state() {
      const { spooled, dropped, error: stuck } = commits.state();
      const error = stuck ?? files.trouble;
      return { ok: error === null, spooled, spoolLimit, dropped, error, notice: files.notice };
    },
    shutdown() {
      closed ??= shut();
      return closed;
    },
  };
}
