import type { Generation } from "./generations.ts";
import { LedgerFiles } from "./ledger-files.ts";
import { createRecorder, type LedgerStore, type RecorderOptions } from "./recorder.ts";
import type { Reports } from "./reports.ts";
import type { RowClosing, RowOpening } from "./row.ts";
import type { Spent } from "./spent.ts";
import type { UserTotals } from "./totals.ts";
import { type ChangeStore, createFileChanges } from "./upkeep/change-store.ts";
import type { WindowCount } from "./window-counts.ts";

export type { Generation } from "./generations.ts";
export type { RowClosing, RowOpening, RowState } from "./row.ts";
export type { Spent } from "./spent.ts";
export type { UserTotals } from "./totals.ts";
export type { WindowCount } from "./window-counts.ts";

export type LedgerState = {
  /** Rows reach the database. */
  ok: boolean;
  /** Rows that wait, in memory for the disk or on disk for PostgreSQL, and how many may. */
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
   * What one user used since `since` (epoch ms), oldest first; no count holds what was before and
   * after `apart`. Reads the database: a promise where that is far away, of null if it cannot be
   * read now. Never throws or rejects.
   */
  windowCounts(
    user: string,
    since: number,
    now: number,
    apart?: number,
  ): WindowCount[] | Promise<WindowCount[] | null>;
  /** The same of all people behind a key, by quarter hours, by the key's id. */
  keyCounts(keyId: string, since: number): WindowCount[] | Promise<WindowCount[] | null>;
  /** The newest of this user's generations of this id: ours, the request's, or the upstream's. */
  find(user: string, id: string): Promise<Generation | null>;
  /** What one user used from the UTC day of `since` (epoch ms; 0 is ever) on. */
  spent(user: string, since: number): Promise<Spent>;
  /** What people ask of the accounts; read by a worker, never by the event loop. */
  readonly reports: Pick<Reports, "usage" | "requests">;
  /** What administrators changed. */
  readonly changes: ChangeStore;
  state(): LedgerState;
  /** Writes the waiting rows (for at most `drainMs`), empties the log, and closes the file. */
  shutdown(): Promise<void>;
};

export type LedgerOptions = RecorderOptions & {
  /** Path of the SQLite file. Directory and file are created if missing. */
  file: string;
  /** What a start does with a damaged file: it fails (default), or begins a new one. */
  ifDamaged?: "stop" | "new";
};

/**
 * The accounts in an SQLite file. Opening closes, as interrupted, the rows of instances that no
 * longer live. Throws an Error with one line (path, reason, remedy) when the file cannot be used.
 */
export function openLedger(options: LedgerOptions): Ledger {
  const { file, ifDamaged = "stop", onTrouble = () => {} } = options;
  return createRecorder(options, ({ running, onReady }) =>
    storeOf(new LedgerFiles({ file, running, ifDamaged, onTrouble, onReady }), onTrouble),
  );
}

function storeOf(files: LedgerFiles, onTrouble: (message: string) => void): LedgerStore {
  /** Without a readable file a limit counts from now on; chats go on. */
  const counted = (read: () => WindowCount[]): WindowCount[] => {
    try {
      return read();
    } catch (error) {
      onTrouble(`the ledger cannot be read for limits: ${String(error)}`);
      return [];
    }
  };
  return {
    write: (rows) => files.write(rows),
    committed: (rows, waiting) => files.open.committed(rows, waiting),
    look: (isLast) => files.look(isLast),
    totals: async () => files.open.totals(),
    windowCounts: (...asked) => counted(() => files.open.windowCounts(...asked)),
    keyCounts: (keyId, since) => counted(() => files.open.keyCounts(keyId, since)),
    find: async (user, id) => files.open.find(user, id),
    spent: async (user, since) => files.open.spent(user, since),
    reports: {
      usage: async (query) => await files.open.reports.usage(query),
      requests: async (query) => await files.open.reports.requests(query),
    },
    changes: createFileChanges(() => files.open),
    state: () => ({
      ...{ trouble: files.trouble, notice: files.notice },
      ...{ waiting: 0, mayWait: 0, lost: 0 },
    }),
    close: () => files.close(),
  };
}
