import { chmodSync, realpathSync, renameSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import type Database from "better-sqlite3";
import { explain, provide } from "../database.ts";
import { hold } from "../instances.ts";
import type { Row } from "../row.ts";
import { isRowsFault, type RefusedRow } from "../row-writer.ts";
import { sentText } from "./sent-row.ts";
import {
  connect,
  openSpoolFile,
  prepareFile,
  type SpooledRow,
  type SpoolFile,
  type SpoolOptions,
} from "./spool-file.ts";

/**
 * Opens the spool, for one gateway at a time. What was open when an earlier process ended is closed
 * there as interrupted, and sent with the rest.
 * @throws Error with one line: the path, the reason, what to do
 */
export function openSpool(options: SpoolOptions): Spool {
  const path = resolve(options.file);
  let lock: Database.Database | null = null;
  try {
    provide(path);
    lock = hold(`${realpathSync(path)}-lock`);
    if (lock === null) {
      throw new Error("another gateway uses it; give each gateway a DATABASE_FILE of its own");
    }
    return new Spool(prepareFile(realpathSync(path), options), lock, options);
  } catch (error) {
    lock?.close();
    throw new Error(`cannot open the spool of the ledger ${path}: ${explain(error)}`, {
      cause: error,
    });
  }
}

/** What a transaction changes; it counts when the transaction has ended well. */
type Change = { rows: number; waiting: number; flight: number; lost: number; newest: number };

/** The rows of this gateway that are not in the database yet, in a file on this machine's disk. */
export class Spool {
  readonly mayWait: number;
  readonly #lock: Database.Database;
  readonly #options: SpoolOptions;
  #file: SpoolFile;
  /** While the file is made again nothing is read or written. */
  #isHalted = false;
  #rows: number;
  #waiting: number;
  #newest: number;
  #newestSent = 0;
  /** The newest row that is on its way, and how many are. */
  #flight = { newest: 0, rows: 0 };
  #lost = 0;

  constructor(db: Database.Database, lock: Database.Database, options: SpoolOptions) {
    this.#lock = lock;
    this.#options = options;
    this.mayWait = options.mayWait;
    this.#file = openSpoolFile(db, options);
    const counted = this.#file.count.get();
    this.#rows = counted?.rows ?? 0;
    this.#waiting = this.#rows;
    this.#newest = counted?.newest ?? 0;
  }

  /** The number of the newest row. */
  get newest(): number {
    return this.#newest;
  }

  get newestSent(): number {
    return this.#newestSent;
  }

  /** Rows to be sent. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Rows that were lost because the file had as many as it may. */
  get lost(): number {
    return this.#lost;
  }

  /** True if rows of this file have reached a database before. */
  get wasConnected(): boolean {
    return this.#open.db.prepare("SELECT was_connected FROM facts").pluck().get() === 1;
  }

  noteConnected(): void {
    this.#open.db.prepare("UPDATE facts SET was_connected = 1").run();
  }

  /** Takes rows in one transaction. Throws if it can take none of them now. */
  write(rows: readonly Row[]): RefusedRow[] {
    const change: Change = { rows: 0, waiting: 0, flight: 0, lost: 0, newest: this.#newest };
    const { db } = this.#open;
    const putAll = db.transaction(() => this.#putAll(rows, change));
    const refused = putAll.immediate();
    this.#rows += change.rows;
    this.#waiting += change.waiting;
    this.#flight.rows += change.flight;
    this.#lost += change.lost;
    this.#newest = change.newest;
    return refused;
  }

  committed(rows: number): void {
    this.#file.checkpoints.committed(rows);
  }

  /** The next rows to send, in the order in which they came. */
  unsent(most: number): SpooledRow[] {
    const found = this.#open.next.all(this.#newestSent, most);
    this.#flight = { newest: found.at(-1)?.number ?? this.#newestSent, rows: found.length };
    return found;
  }

  /** The database has the rows that `unsent` gave last. */
  sent(): void {
    const { newest, rows } = this.#flight;
    this.#rows -= this.#open.forget.run(this.#newestSent, newest).changes;
    this.#waiting -= rows;
    this.#newestSent = newest;
    this.#flight = { newest, rows: 0 };
  }

  /**
   * Makes the file again, with all its rows, if somebody deleted it or its log: SQLite goes on writing
   * to what has no name, and a crash would lose it. Never rejects.
   */
  async look(): Promise<void> {
    const { db, fate, checkpoints } = this.#file;
    const { path } = fate();
    if (this.#isHalted || path === "same" || path === "another") return;
    const { onTrouble } = this.#options;
    this.#isHalted = true;
    try {
      const saved = `${db.name}.saved`;
      rmSync(saved, { force: true });
      db.prepare("VACUUM INTO ?").run(saved);
      await checkpoints.close();
      db.close();
      for (const end of ["", "-wal", "-shm"]) rmSync(db.name + end, { force: true });
      chmodSync(saved, 0o600);
      renameSync(saved, db.name);
      this.#file = openSpoolFile(connect(db.name), this.#options);
      onTrouble("the file of waiting rows was deleted; it was made again with its rows");
    } catch (error) {
      onTrouble(
        `the file of waiting rows was deleted, and cannot be made again: ${explain(error)}`,
      );
    } finally {
      this.#isHalted = false;
    }
  }

  async close(): Promise<void> {
    await this.#file.checkpoints.close();
    this.#file.db.close();
    this.#lock.close();
  }

  get #open(): SpoolFile {
    if (this.#isHalted) throw new Error("the file of waiting rows is made again");
    return this.#file;
  }

  #putAll(rows: readonly Row[], change: Change): RefusedRow[] {
    const refused: RefusedRow[] = [];
    for (const row of rows) {
      try {
        this.#put(row, change);
      } catch (error) {
        if (!isRowsFault(error)) throw error;
        refused.push({ row, error });
      }
    }
    return refused;
  }

  /** A closing takes the place of its opening, whether that was sent or not. */
  #put(row: Row, change: Change): void {
    const { closing, number, stored } = row;
    const replaces = closing !== null && stored && number > 0;
    if (!replaces && this.#rows + change.rows >= this.mayWait) {
      if (closing !== null) change.lost += 1;
      return;
    }
    const text = sentText(row, this.#options.instance);
    if (replaces && this.#file.remove.run(number).changes === 1) {
      change.rows -= 1;
      if (number > this.#newestSent) change.waiting -= 1;
      if (number > this.#newestSent && number <= this.#flight.newest) change.flight -= 1;
    }
    change.newest += 1;
    this.#file.insert.run(change.newest, closing === null ? 1 : 0, text);
    if (closing === null) row.number = change.newest;
    change.rows += 1;
    change.waiting += 1;
  }
}
