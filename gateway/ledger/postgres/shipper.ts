import type { Pool } from "pg";
import type { BoundNames } from "./bound-names.ts";
import { explainPostgres, isFaultOfRow } from "./connect.ts";
import type { SentRow } from "./row-columns.ts";
import type { Spool } from "./spool.ts";
import type { SpooledRow } from "./spool-file.ts";
import { writeRows } from "./write-rows.ts";

/** Brings the rows of the spool to the database, in their order. */
export type Shipper = {
  /** There are new rows. */
  wake(): void;
  /**
   * Resolves when all rows of now have arrived, or at once if the database takes none, or after
   * `patienceMs`: what reads then reads its own writes.
   */
  flush(patienceMs: number): Promise<void>;
  /** What a sign of life has met, for a gateway that has nothing to send; null: the database. */
  noticed(error: unknown): void;
  /** Why rows do not arrive; null if they do. */
  readonly trouble: string | null;
  /** Rows that the database refused, and that are lost. */
  readonly lost: number;
  /** Sends what is left for at most `drainMs`, and ends. */
  close(drainMs: number): Promise<void>;
};

export type ShipperOptions = {
  db: Pool;
  spool: Spool;
  boundNames: BoundNames;
  /** Before the first batch, and again after each trouble. */
  prepare: () => Promise<void>;
  onTrouble: (message: string) => void;
  onRecovery: () => void;
  /** Rows of so many milliseconds go together. */
  gapMs?: number | undefined;
};

/** Rows in one statement. */
const most = 500;

export function createShipper(options: ShipperOptions): Shipper {
  const shipper = new RowShipper(options);
  void shipper.run();
  return shipper;
}

class RowShipper implements Shipper {
  readonly #options: ShipperOptions;
  readonly #gapMs: number;
  /** Ends the wait for new rows. */
  #work: () => void = () => {};
  /** Ends any wait: for new rows, for the end of the gap, for the next try. */
  #hurry: () => void = () => {};
  #isUrgent = false;
  #isPrepared = false;
  #attempts = 0;
  #end = Number.POSITIVE_INFINITY;
  /** What is still under way then finds a spool that is closed; its rows are on disk. */
  #isClosed = false;
  readonly #ended = Promise.withResolvers<void>();
  readonly #flushes = new Set<{ upTo: number; resolve(): void }>();
  trouble: string | null = null;
  lost = 0;

  constructor(options: ShipperOptions) {
    this.#options = options;
    this.#gapMs = options.gapMs ?? 50;
  }

  wake(): void {
    this.#work();
  }

  async flush(patienceMs: number): Promise<void> {
    const { spool } = this.#options;
    const upTo = spool.newest;
    if (this.trouble !== null || spool.newestSent >= upTo) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const flush = { upTo, resolve };
    this.#flushes.add(flush);
    const timer = setTimeout(resolve, patienceMs);
    this.#isUrgent = true;
    this.#hurry();
    await promise;
    clearTimeout(timer);
    this.#flushes.delete(flush);
  }

  noticed(error: unknown): void {
    const { spool, onRecovery } = this.#options;
    if (error !== null) this.#fail(error);
    else if (this.trouble !== null && spool.newestSent >= spool.newest) {
      this.trouble = null;
      onRecovery();
    }
  }

  async close(drainMs: number): Promise<void> {
    this.#end = performance.now() + drainMs;
    this.#isUrgent = true;
    this.#hurry();
    const timer = setTimeout(() => this.#ended.resolve(), drainMs);
    await this.#ended.promise;
    clearTimeout(timer);
    this.#isClosed = true;
  }

  /** Never rejects: each fault is a trouble, and is tried again. */
  async run(): Promise<void> {
    for (;;) {
      const isSent = await this.#sendNext();
      if (this.#isOver(isSent)) break;
      if (isSent === null) await this.#sleep(null);
      else if (!isSent) await this.#sleep(Math.min(5_000, 50 * 2 ** Math.min(this.#attempts, 7)));
      else if (!this.#isUrgent) await this.#sleep(this.#gapMs);
    }
    this.#ended.resolve();
  }

  /** At the end one try is enough: what it leaves is on disk. */
  #isOver(isSent: boolean | null): boolean {
    if (this.#end === Number.POSITIVE_INFINITY) return false;
    return isSent !== true || performance.now() >= this.#end;
  }

  /** Null: there is nothing to send. False: it could not be sent now. */
  async #sendNext(): Promise<boolean | null> {
    const { spool, prepare, onRecovery } = this.#options;
    try {
      const rows = spool.unsent(most);
      if (rows.length === 0) {
        this.#isUrgent = false;
        this.#settle();
        return null;
      }
      if (!this.#isPrepared) await prepare();
      this.#isPrepared = true;
      await this.#send(rows);
      spool.sent();
      const wasTrouble = this.trouble !== null;
      this.trouble = null;
      this.#attempts = 0;
      this.#settle();
      if (wasTrouble) onRecovery();
      return true;
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  async #send(rows: readonly SpooledRow[]): Promise<void> {
    const { db, boundNames } = this.#options;
    // Of an opening and its closing in one batch the closing says all.
    const byId = new Map<string, SentRow>();
    for (const { row } of rows) {
      const sent = JSON.parse(row) as SentRow;
      byId.set(sent.id, sent);
    }
    await this.#write(await boundNames(db, [...byId.values()]));
  }

  /** A row that the database will never take is found by halving, and does not cost the others. */
  async #write(rows: readonly SentRow[]): Promise<void> {
    try {
      await writeRows(this.#options.db, rows);
    } catch (error) {
      if (!isFaultOfRow(error)) throw error;
      const [first] = rows;
      if (rows.length === 1 && first !== undefined) {
        this.lost += 1;
        const reason = error instanceof Error ? error.message : String(error);
        this.#options.onTrouble(`the ledger refuses the row of ${first.id}: ${reason}`);
        return;
      }
      const half = Math.ceil(rows.length / 2);
      await this.#write(rows.slice(0, half));
      await this.#write(rows.slice(half));
    }
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return;
    const reason = explainPostgres(error);
    this.#attempts += 1;
    this.#isPrepared = false;
    this.#isUrgent = false;
    if (this.trouble === null) {
      const text = `the database of the ledger takes no rows, they wait on disk: ${reason}`;
      this.#options.onTrouble(text);
    }
    this.trouble = reason;
    for (const { resolve } of this.#flushes) resolve();
  }

  #settle(): void {
    const { newestSent } = this.#options.spool;
    for (const { upTo, resolve } of this.#flushes) if (upTo <= newestSent) resolve();
  }

  /** For so long, or until somebody is in a hurry; null: until there are rows to send. */
  async #sleep(ms: number | null): Promise<void> {
    const { newest, newestSent } = this.#options.spool;
    const isEnding = this.#end !== Number.POSITIVE_INFINITY;
    if (ms === null ? newest > newestSent || isEnding : this.#isUrgent) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#hurry = resolve;
    this.#work = ms === null ? resolve : () => {};
    const timer = ms === null ? undefined : setTimeout(resolve, ms).unref();
    await promise;
    clearTimeout(timer);
  }
}
