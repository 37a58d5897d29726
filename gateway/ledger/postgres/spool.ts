import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import Database from "better-sqlite3";
import { createCheckpoints } from "../checkpoints.ts";
import { damageOf, explain, provide } from "../database.ts";
import { hold } from "../instances.ts";
import { setAside } from "../leave-file.ts";
import type { Row } from "../row.ts";
import { isRowsFault, type RefusedRow } from "../row-writer.ts";
import { sentText } from "./sent-row.ts";

/** A row on its way to the database, as JSON. */
export type SpooledRow = { readonly number: number; readonly row: string };

export type SpoolOptions = {
  file: string;
  /** The gateway that the rows are of. */
  instance: string;
  ifDamaged: "stop" | "new";
  /** Rows in the file, at most. */
  mayWait: number;
  onTrouble: (message: string) => void;
};

const schema = `
  CREATE TABLE entries (
    number INTEGER PRIMARY KEY,
    -- 1: an opening. It stays until its closing comes, also when it was sent.
    is_open INTEGER NOT NULL,
    row TEXT NOT NULL
  ) STRICT;
  CREATE TABLE facts (was_connected INTEGER NOT NULL) STRICT;
  INSERT INTO facts VALUES (0);
`;

/** "LLGS" distinguishes the file from a ledger and from another program's database. */
const applicationId = 0x4c4c4753;

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
    return new Spool(openFile(realpathSync(path), options), lock, options);
  } catch (error) {
    lock?.close();
    throw new Error(`cannot open the spool of the ledger ${path}: ${explain(error)}`, {
      cause: error,
    });
  }
}

function openFile(path: string, { ifDamaged, onTrouble }: SpoolOptions): Database.Database {
  try {
    return prepare(path);
  } catch (error) {
    if (ifDamaged !== "new" || damageOf(error) === null) throw error;
    onTrouble(`the spool of the ledger: ${setAside(path, Date.now())}`);
    provide(path);
    return prepare(path);
  }
}

function prepare(path: string): Database.Database {
  const db = new Database(path, { timeout: 1_000 });
  try {
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = NORMAL");
    db.pragma("wal_autocheckpoint = 0");
    const owner = db.pragma("application_id", { simple: true });
    const tables = Number(db.prepare("SELECT count(*) FROM sqlite_schema").pluck().get());
    if (tables === 0) {
      db.transaction(() => {
        db.exec(schema);
        db.pragma(`application_id = ${applicationId}`);
      }).immediate();
    } else if (owner !== applicationId) {
      throw new Error("it is no spool; move it away");
    }
    // Their process has ended without closing them.
    db.exec(`UPDATE entries SET is_open = 0, row = json_set(row, '$.state', 'interrupted')
      WHERE is_open = 1`);
    db.pragma("busy_timeout = 0");
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** What a transaction changes; it counts when the transaction has ended well. */
type Change = { rows: number; waiting: number; flight: number; lost: number; newest: number };

/** The rows of this gateway that are not in the database yet, in a file on this machine's disk. */
export class Spool {
  readonly mayWait: number;
  readonly #db: Database.Database;
  readonly #lock: Database.Database;
  readonly #instance: string;
  readonly #checkpoints: ReturnType<typeof createCheckpoints>;
  readonly #statements: ReturnType<typeof prepareStatements>;
  readonly #writeAll: Database.Transaction<(rows: readonly Row[], change: Change) => RefusedRow[]>;
  #rows: number;
  #waiting: number;
  #newest: number;
  #newestSent = 0;
  /** The newest row that is on its way, and how many are. */
  #flight = { newest: 0, rows: 0 };
  #lost = 0;

  constructor(db: Database.Database, lock: Database.Database, options: SpoolOptions) {
    this.#db = db;
    this.#lock = lock;
    this.#instance = options.instance;
    this.mayWait = options.mayWait;
    this.#checkpoints = createCheckpoints({ file: db.name, keepsSums: false }, options.onTrouble);
    this.#statements = prepareStatements(db);
    this.#writeAll = db.transaction((rows, change) => this.#putAll(rows, change));
    const counted = this.#statements.count.get();
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
    return this.#db.prepare("SELECT was_connected FROM facts").pluck().get() === 1;
  }

  noteConnected(): void {
    this.#db.prepare("UPDATE facts SET was_connected = 1").run();
  }

  /** Takes rows in one transaction. Throws if it can take none of them now. */
  write(rows: readonly Row[]): RefusedRow[] {
    const change: Change = { rows: 0, waiting: 0, flight: 0, lost: 0, newest: this.#newest };
    const refused = this.#writeAll.immediate(rows, change);
    this.#rows += change.rows;
    this.#waiting += change.waiting;
    this.#flight.rows += change.flight;
    this.#lost += change.lost;
    this.#newest = change.newest;
    return refused;
  }

  committed(rows: number): void {
    this.#checkpoints.committed(rows);
  }

  /** The next rows to send, in the order in which they came. */
  unsent(most: number): SpooledRow[] {
    const found = this.#statements.next.all(this.#newestSent, most);
    this.#flight = { newest: found.at(-1)?.number ?? this.#newestSent, rows: found.length };
    return found;
  }

  /** The database has the rows that `unsent` gave last. */
  sent(): void {
    const { newest, rows } = this.#flight;
    this.#rows -= this.#statements.forget.run(this.#newestSent, newest).changes;
    this.#waiting -= rows;
    this.#newestSent = newest;
    this.#flight = { newest, rows: 0 };
  }

  async close(): Promise<void> {
    await this.#checkpoints.close();
    this.#db.close();
    this.#lock.close();
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
    const text = sentText(row, this.#instance);
    if (replaces && this.#statements.remove.run(number).changes === 1) {
      change.rows -= 1;
      if (number > this.#newestSent) change.waiting -= 1;
      if (number > this.#newestSent && number <= this.#flight.newest) change.flight -= 1;
    }
    change.newest += 1;
    this.#statements.insert.run(change.newest, closing === null ? 1 : 0, text);
    if (closing === null) row.number = change.newest;
    change.rows += 1;
    change.waiting += 1;
  }
}

function prepareStatements(db: Database.Database) {
  return {
    insert: db.prepare("INSERT INTO entries VALUES (?, ?, ?)"),
    remove: db.prepare("DELETE FROM entries WHERE number = ?"),
    next: db.prepare<[number, number], SpooledRow>(
      "SELECT number, row FROM entries WHERE number > ? ORDER BY number LIMIT ?",
    ),
    forget: db.prepare("DELETE FROM entries WHERE number > ? AND number <= ? AND is_open = 0"),
    count: db.prepare<[], { rows: number; newest: number | null }>(
      "SELECT count(*) AS rows, max(number) AS newest FROM entries",
    ),
  };
}
