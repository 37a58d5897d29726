import type { Row } from "./row.ts";
import type { RefusedRow, WriteRows } from "./row-writer.ts";
import { isBusy, retryDelayMs, type Trouble } from "./trouble.ts";

export type GroupCommitOptions = {
  write: WriteRows;
  /** Rows kept while the disk fails. */
  spoolLimit: number;
  /** For so long a lock may delay the end of an answer, so that it is on disk first. */
  patienceMs: number;
  /** Told once when rows begin to wait in the spool, and of each row that is lost. */
  onTrouble: (message: string) => void;
  /** Told once when the spool is empty again. */
  onRecovery: () => void;
  /** Told how many rows a commit held. */
  onCommit: (rows: number) => void;
};

export type GroupCommit = {
  /** Queues a row for the commit at the end of this turn of the event loop. */
  add(row: Row): void;
  /** Resolves when all that was added is committed, or is in the spool, or was refused. */
  settled(): Promise<void>;
  state(): { spooled: number; dropped: number; error: string | null };
  /** Commits what there is, trying for so long; answers how many rows are lost. */
  drain(forMs: number): Promise<number>;
};

/** Rows in one transaction; a full spool must not hold the event loop while it empties. */
const chunk = 256;

const resolved = Promise.resolve();

/**
 * One commit for each turn of the event loop, and the spool behind it. Both are one queue in order
 * of arrival, by row: a closing joins its opening where that still waits, so a row can never be
 * closed before it is opened, and the spool's bound counts rows.
 *
 * A commit that fails leaves its rows in the queue. A short lock (a checkpoint, a report) delays the
 * answers that wait; after `patienceMs` of it, or with any other trouble at once, the queue is the
 * spool and answers end without the disk. A full spool keeps its old rows, which close what is open
 * in the database, and drops the new: the accounts are then complete up to a known moment.
 */
export function createGroupCommit(options: GroupCommitOptions): GroupCommit {
  const { write, spoolLimit, patienceMs, onTrouble, onRecovery, onCommit } = options;
  const queue = new Map<string, Row>();
  let waiting: PromiseWithResolvers<void> | null = null;
  let scheduled = false;
  let trouble: Trouble | null = null;
  let retry: NodeJS.Timeout | undefined;
  let dropped = 0;

  const settle = (): void => {
    waiting?.resolve();
    waiting = null;
  };

  const schedule = (): void => {
    if (scheduled) return;
    scheduled = true;
    setImmediate(commit);
  };

  function commit(): void {
    scheduled = false;
    const rows = first(queue, chunk);
    try {
      if (rows.length > 0) accept(rows, write(rows));
    } catch (error) {
      fail(error);
      return;
    }
    if (queue.size > 0) schedule();
    else recover();
  }

  function accept(rows: readonly Row[], refused: readonly RefusedRow[]): void {
    for (const row of rows) {
      queue.delete(row.opening.id);
      row.stored = true;
    }
    for (const { row, error } of refused) {
      row.stored = false;
      lose(row);
      onTrouble(`the ledger refuses the row of ${row.opening.id}: ${error.message}`);
    }
    onCommit(rows.length);
  }

  function recover(): void {
    const spooled = trouble?.spooling === true;
    trouble = null;
    settle();
    if (spooled) onRecovery();
  }

  function fail(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    trouble ??= { since: performance.now(), attempts: 0, spooling: false, reason };
    trouble.reason = reason;
    trouble.attempts += 1;
    const patient = isBusy(error) && performance.now() - trouble.since < patienceMs;
    if (!patient && !trouble.spooling) {
      trouble.spooling = true;
      trouble.attempts = 0;
      trim();
      onTrouble(`the ledger cannot be written, rows wait in memory: ${reason}`);
    }
    if (trouble.spooling) settle();
    clearTimeout(retry);
    retry = setTimeout(commit, retryDelayMs(trouble));
    if (trouble.spooling) retry.unref();
  }

  function trim(): void {
    for (const row of [...queue.values()].slice(spoolLimit)) {
      queue.delete(row.opening.id);
      lose(row);
    }
  }

  /** A row without its closing is not lost yet: it is written whole when it closes. */
  function lose(row: Row): void {
    if (row.closing !== null) dropped += 1;
  }

  return {
    add(row) {
      const full = trouble?.spooling === true && queue.size >= spoolLimit;
      if (full && !queue.has(row.opening.id)) return lose(row);
      queue.set(row.opening.id, row);
      if (trouble === null) schedule();
    },
    settled() {
      if (queue.size === 0 || trouble?.spooling === true) return resolved;
      waiting ??= Promise.withResolvers();
      return waiting.promise;
    },
    state: () => ({
      spooled: trouble?.spooling === true ? queue.size : 0,
      dropped,
      error: trouble?.spooling === true ? trouble.reason : null,
    }),
    async drain(forMs) {
      const end = performance.now() + forMs;
      while (queue.size > 0) {
        commit();
        if (trouble === null) continue;
        if (performance.now() >= end) break;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      clearTimeout(retry);
      settle();
      return queue.size;
    },
  };
}

function first(queue: ReadonlyMap<string, Row>, count: number): Row[] {
  const rows: Row[] = [];
  for (const row of queue.values()) {
    if (rows.push(row) === count) break;
  }
  return rows;
}
