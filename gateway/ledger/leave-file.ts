import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
} from "node:fs";
import { basename, dirname } from "node:path";
import type Database from "better-sqlite3";
import type { FileFate } from "./file-fate.ts";
import type { LedgerFile } from "./ledger-file.ts";
import { applicationId, migrations } from "./migrations.ts";

/** The log and the index of the log, which SQLite keeps beside a database. */
const besides = ["-wal", "-shm"] as const;

/** Pages that are copied in one turn of the event loop: a quarter of a MiB. */
const pagesATurn = 256;

/** What every SQLite database begins with. */
const magic = Buffer.from("SQLite format 3\0", "latin1");

const moved = "older rows are in the file that was moved";

/**
 * Leaves the open file of the ledger, which was deleted, moved or replaced or has lost its log, so
 * that the file at its path can be opened. A file without a name would be gone with its rows, so it is saved: at its
 * path, or beside it if the path is taken. Nothing may be written meanwhile. Returns what was done,
 * in words.
 * @throws Error with one line if it cannot be done now; the file is still open then
 */
export async function leaveFile(open: LedgerFile, fate: FileFate, now: number): Promise<string> {
  const { path } = open;
  const isTaken = fate.path === "another";
  if (isTaken) refuseUnusable(path);
  // What runs now is written again, whole, to the next file.
  open.forgetOpen();
  const copy = fate.isNamed ? null : await save(open.db, path, now);
  open.db.pragma("wal_checkpoint(TRUNCATE)");
  await open.close((end) => (isTaken ? keepingLogs(path, end) : end()));
  if (fate.path === "no log") return "its log was deleted; nothing is lost, and there is a new log";
  if (isTaken) {
    const older = copy === null ? moved : `older rows were saved as ${basename(copy)}`;
    return `its file was replaced by another one, which is used now; ${older}`;
  }
  for (const end of besides) rmSync(path + end, { force: true });
  if (copy === null) return `its file was moved away; a new one was begun, and ${moved}`;
  if (existsSync(path)) return `its file was deleted; older rows were saved as ${basename(copy)}`;
  renameSync(copy, path);
  return "its file was deleted; all its rows were saved to a new one";
}

/** Moves a damaged file aside, with its logs. Returns what was done, in words. */
export function setAside(path: string, now: number): string {
  const aside = `${path}.damaged-${stampOf(now)}`;
  for (const end of ["", ...besides]) {
    if (existsSync(path + end)) renameSync(path + end, aside + end);
  }
  return `its file is damaged; it was moved to ${basename(aside)}, and a new one was begun`;
}

/**
 * Reads the header itself: SQLite would take the log beside the file, which is still the old one's,
 * for a part of it.
 */
function refuseUnusable(path: string): void {
  const header = Buffer.alloc(100);
  const fd = openSync(path, "r");
  let length: number;
  try {
    length = readSync(fd, header, 0, header.length, 0);
  } finally {
    closeSync(fd);
  }
  const isDatabase = header.subarray(0, magic.length).equals(magic);
  const [version, owner] = [header.readInt32BE(60), header.readInt32BE(68)];
  const isOurs = owner === applicationId && version <= migrations.length;
  // Of a young database in use these two are still in its log.
  const isYoung = owner === 0 && version === 0 && existsSync(`${path}-wal`);
  // An empty file is a new database, as at a start.
  if (length === 0 || (isDatabase && (isOurs || isYoung))) return;
  throw new Error(
    "its file was replaced by one that is no ledger of this version; rows go on to the old file. " +
      "Move the new one away, and a new ledger is begun",
  );
}

async function save(db: Database.Database, path: string, now: number): Promise<string> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const copy = `${path}.saved-${stampOf(now)}`;
  await db.backup(copy, { progress: () => pagesATurn });
  chmodSync(copy, 0o600);
  return copy;
}

/** Closing a database removes its logs by their names, which are another database's now. */
function keepingLogs(path: string, end: () => void): void {
  const logs = besides.map((beside) => path + beside).filter((log) => existsSync(log));
  for (const log of logs) renameSync(log, `${log}.kept`);
  try {
    end();
  } finally {
    for (const log of logs) renameSync(`${log}.kept`, log);
  }
}

/** `20261128-170102`, for names of files. */
const stampOf = (time: number): string =>
  new Date(time).toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
