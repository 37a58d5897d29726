import type { Row } from "./row.ts";
import type { RefusedRow, WriteRows } from "./row-writer.ts";
import { isBusy, retryDelayMs, type Trouble } from "./trouble.ts";

export type GroupCommitOptions = {
  write: WriteRows;
  /** The most rows in memory while the disk fails. */
  spoolLimit: number;
  /**
   * How long a lock may delay the end of an answer, so that its row is on disk first. Milliseconds.
   */
  patienceMs: number;
  /** Called once when rows begin to wait in the spool, and for each lost row. */
  onTrouble: (message: string) => void;
  /** Called once when the spool is empty again. */
  onRecovery: () => void;
  /** Called with the number of committed rows and of rows that still wait. */
  onCommit: (rows: number, waiting: number) => void;
};

/** Rows in one transaction; a full spool must not hold the event loop while it empties. */
const chunk = 256;

const resolved = Promise.resolve();

/**
 * One commit for each turn of the event loop, and the spool behind it. Both are one queue of rows
 * in order of arrival. A closing joins its opening while that waits, so a row is never closed
 * before it is opened, and the spool's bound counts rows.
 *
 * A failed commit leaves its rows in the queue. A short lock (a checkpoint, a report) delays the
 * waiting answers. After `patienceMs`, or at once for any other error, the queue becomes the spool
 * and answers end without the disk. A full spool keeps its old rows, which close what is open in
 * the database, and drops the new rows: the accounts are then complete up to a known moment.
 */
export class GroupCommit {
  readonly #options: GroupCommitOptions;
  readonly #queue: Row[] = [];
  #waiting: PromiseWithResolvers<void> | null = null;
  #scheduled = false;
  #trouble: Trouble | null = null;
  #retry: NodeJS.Timeout | undefined;
  #dropped = 0;

  constructor(options: GroupCommitOptions) {
    this.#options = options;
  }

  /** Queues a row for the commit at the end of this turn of the event loop. */
  add(row: Row): void {
    if (!row.queued) {
      if (this.#spooling && this.#queue.length >= this.#options.spoolLimit) {
        this.#lose(row);
        return;
      }
      row.queued = true;
      this.#queue.push(row);
    }
    if (this.#trouble === null) this.#schedule();
  }

  /** Resolves when every added row is committed, in the spool, or refused. */
  settled(): Promise<void> {
    if (this.#queue.length === 0 || this.#spooling) return resolved;
    this.#waiting ??= Promise.withResolvers();
    return this.#waiting.promise;
  }

  state(): { spooled: number; dropped: number; error: string | null } {
    const trouble = this.#spooling ? this.#trouble : null;
    const spooled = trouble === null ? 0 : this.#queue.length;
    return { spooled, dropped: this.#dropped, error: trouble?.reason ?? null };
  }

  /** Commits all rows, and retries for `drainMs`. Returns how many rows are lost. */
  async drain(forMs: number): Promise<number> {
    const end = performance.now() + forMs;
    while (this.#queue.length > 0) {
      this.#commit();
      if (this.#trouble === null) continue;
      if (performance.now() >= end) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    clearTimeout(this.#retry);
    this.#settle();
    return this.#queue.length;
  }

  get #spooling(): boolean {
    return this.#trouble?.spooling === true;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(this.#commit);
  }

  readonly #commit = (): void => {
    this.#scheduled = false;
    const rows = this.#queue.slice(0, chunk);
    try {
      if (rows.length > 0) this.#accept(rows, this.#options.write(rows));
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (this.#queue.length > 0) this.#schedule();
    else this.#recover();
  };

  #accept(rows: readonly Row[], refused: readonly RefusedRow[]): void {
    this.#queue.splice(0, rows.length);
    for (const row of rows) {
      row.queued = false;
      row.stored = true;
    }
    for (const { row, error } of refused) {
      row.stored = false;
      this.#lose(row);
      this.#options.onTrouble(`the ledger refuses the row of ${row.opening.id}: ${error.message}`);
    }
    this.#options.onCommit(rows.length, this.#queue.length);
  }

  #recover(): void {
    const spooled = this.#spooling;
    this.#trouble = null;
    this.#settle();
    if (spooled) this.#options.onRecovery();
  }

  #fail(error: unknown): void {
    const reason = error instanceof Error ? error.message : String(error);
    const now = performance.now();
    const trouble = this.#trouble ?? { since: now, attempts: 0, spooling: false, reason };
    this.#trouble = trouble;
    trouble.reason = reason;
    trouble.attempts += 1;
    const patient = isBusy(error) && now - trouble.since < this.#options.patienceMs;
    if (!patient && !trouble.spooling) this.#spool(trouble);
    if (trouble.spooling) this.#settle();
    clearTimeout(this.#retry);
    this.#retry = setTimeout(this.#commit, retryDelayMs(trouble));
    if (trouble.spooling) this.#retry.unref();
  }

  /** From here on the queue is the spool. */
  #spool(trouble: Trouble): void {
    trouble.spooling = true;
    trouble.attempts = 0;
    for (const row of this.#queue.splice(this.#options.spoolLimit)) {
      row.queued = false;
      this.#lose(row);
    }
    this.#options.onTrouble(`the ledger cannot be written, rows wait in memory: ${trouble.reason}`);
  }

  /** A row without its closing is not lost yet. It is written whole when it closes. */
  #lose(row: Row): void {
    if (row.closing !== null) this.#dropped += 1;
  }

  #settle(): void {
    this.#waiting?.resolve();
    this.#waiting = null;
  }
}
