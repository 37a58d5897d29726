import {
  accessSync,
  closeSync,
  constants,
  mkdirSync,
  openSync,
  realpathSync,
  statSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import Database from "better-sqlite3";
import { type Instance, startInstance } from "./instances.ts";
import { migrate, unsuitable } from "./migrations.ts";
import { joinModelNames } from "./model-names.ts";
import { forgetQuarters } from "./rollups.ts";
import { readTotals } from "./totals.ts";

/** How long a start waits for another process. A running gateway never waits for a lock. */
const startPatienceMs = 5000;

/**
 * Opens the ledger's file for writing, migrates its schema, and enters this process as an instance.
 * Only the owner gets access to directory and file, because they show the use of each person.
 *
 * `synchronous = NORMAL`: a commit is in the kernel's page cache when it returns, so `kill -9`
 * loses nothing. A power cut can lose the commits since the last checkpoint, but never breaks the
 * file. FULL would add an fsync to every turn of the event loop: milliseconds in which no token
 * moves.
 *
 * Throws an Error with one line: the path, the reason, what to do.
 */
export function openDatabase(file: string): { db: Database.Database; instance: Instance } {
  const path = resolve(file);
  let db: Database.Database | undefined;
  try {
    provide(path);
    db = new Database(realpathSync(path), { timeout: startPatienceMs });
    const reason = unsuitable(db);
    if (reason !== null) throw new Error(reason);
    // Of a new file: a commit writes two or three pages, whole, so small ones cost a third less.
    db.pragma("page_size = 1024");
    const mode = db.pragma("journal_mode = WAL", { simple: true });
    if (mode !== "wal")
      throw new Error("its file system cannot hold a WAL database; use a local disk");
    db.pragma("synchronous = NORMAL");
    db.pragma("wal_autocheckpoint = 0");
    migrate(db);
    const now = Date.now();
    const instance = startInstance(db, now);
    forgetQuarters(db, now);
    joinModelNames(db);
    // The sums are read at every start; where they are damaged the file is of no use.
    readTotals(db);
    db.pragma("busy_timeout = 0");
    return { db, instance };
  } catch (error) {
    db?.close();
    throw new Error(`cannot open the ledger ${path}: ${explain(error)}`, { cause: error });
  }
}

/** Makes directory and file if missing, and finds out what SQLite would only call CANTOPEN. */
export function provide(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  accessSync(dirname(path), constants.R_OK | constants.W_OK | constants.X_OK);
  try {
    // Only a new file is opened here: closing any descriptor of a file drops this process's POSIX
    // locks on it, also those of a SQLite connection that is open elsewhere in the process.
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
    if (statSync(path).isDirectory()) throw new Error("it is a directory; name a file in it");
    accessSync(path, constants.R_OK | constants.W_OK);
  }
}

const damaged =
  "restore a backup (./gateway.sh restore FILE), or set DATABASE_IF_DAMAGED=new to begin a new file";

/** What to do about a damaged file, in one line; null for every other error. */
export function damageOf(error: unknown): string | null {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(codeOf(error)) ? explain(error) : null;
}

const owner = `it and its directory must be writable for the gateway's user (uid ${process.getuid?.()})`;

const reasons: Readonly<Record<string, string>> = {
  EACCES: `permission denied; ${owner}`,
  EPERM: `permission denied; ${owner}`,
  EROFS: "the file system is read-only; set DATABASE_FILE to a writable path",
  ENOTDIR: "a part of its path is a file, not a directory; correct DATABASE_FILE",
  EEXIST: "a part of its path is a file, not a directory; correct DATABASE_FILE",
  ENOSPC: "the disk is full; free some space",
  SQLITE_NOTADB: `it is not a SQLite database; move it away or correct DATABASE_FILE. If it is a
damaged ledger: ${damaged}`,
  SQLITE_CORRUPT: `it is damaged: ${damaged}`,
  SQLITE_BUSY: "another process has held its lock for 5 s; stop that process",
  SQLITE_FULL: "the disk is full; free some space",
  SQLITE_CANTOPEN: `SQLite cannot open it; ${owner}`,
  SQLITE_READONLY: `it is read-only; ${owner}`,
  SQLITE_IOERR: "the disk reports an error; check the disk",
};

export function explain(error: unknown): string {
  const code = codeOf(error);
  const known = reasons[code] ?? reasons[code.split("_").slice(0, 2).join("_")];
  const text = error instanceof Error ? error.message : String(error);
  return (known ?? text).replaceAll("\n", " ");
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}
