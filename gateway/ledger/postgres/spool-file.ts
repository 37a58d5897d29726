import Database from "better-sqlite3";
import { type Checkpoints, createCheckpoints } from "../checkpoints.ts";
import { damageOf, provide } from "../database.ts";
import { type FileFate, watchFate } from "../file-fate.ts";
import { setAside } from "../leave-file.ts";

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

/** The file at this path, prepared for a new process. What it had open is closed as interrupted. */
export function prepareFile(
  path: string,
  { ifDamaged, onTrouble }: SpoolOptions,
): Database.Database {
  try {
    return prepare(path);
  } catch (error) {
    if (ifDamaged !== "new" || damageOf(error) === null) throw error;
    onTrouble(`the spool of the ledger: ${setAside(path, Date.now())}`);
    provide(path);
    return prepare(path);
  }
}

/** Opens the file as it is. */
export function connect(path: string): Database.Database {
  const db = new Database(path, { timeout: 0 });
  try {
    db.pragma("journal_mode = WAL");
    db.pragma("synchronous = NORMAL");
    db.pragma("wal_autocheckpoint = 0");
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function prepare(path: string): Database.Database {
  const db = connect(path);
  try {
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
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** The file while it is open, with its statements. */
export type SpoolFile = {
  readonly db: Database.Database;
  readonly fate: () => FileFate;
  readonly checkpoints: Checkpoints;
  readonly insert: Database.Statement<[number, number, string]>;
  readonly remove: Database.Statement<[number]>;
  readonly next: Database.Statement<[after: number, most: number], SpooledRow>;
  readonly forget: Database.Statement<[after: number, last: number]>;
  readonly count: Database.Statement<[], { rows: number; newest: number | null }>;
};

export function openSpoolFile(db: Database.Database, { onTrouble }: SpoolOptions): SpoolFile {
  return {
    db,
    fate: watchFate(db.name),
    checkpoints: createCheckpoints({ file: db.name, keepsSums: false }, onTrouble),
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
