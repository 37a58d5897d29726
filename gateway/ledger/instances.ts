import { randomBytes } from "node:crypto";
import { closeSync, existsSync, openSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import Database from "better-sqlite3";
import { interruptOpen } from "./rollups.ts";

/** One running gateway process, as the rows it opens name it. */
export type Instance = {
  readonly id: number;
  /**
   * Notes that no row of this instance below this number is open; null: none of the present rows.
   */
  openFrom(number: number | null): void;
  /** Gives up the claim to be alive. Never throws, whatever the disk does. */
  end(): void;
};

/**
 * Enters this process into `instances`, and closes the open rows of dead instances as interrupted.
 *
 * An instance lives as long as it holds the lock on a small file beside the database. The kernel
 * releases the lock however the process ends. A pid would not work: in a container every gateway is
 * pid 1, and a new container has a new host name and the same boot id.
 */
export function startInstance(db: Database.Database, now: number): Instance {
  const token = randomBytes(8).toString("hex");
  // Other accounts that may read it can lock it: a dead instance would count as alive.
  closeSync(openSync(lockFile(db, token), "wx", 0o600));
  // Locked before the entry is visible: an entry without a locked file counts as dead.
  const lock = hold(lockFile(db, token));
  if (lock === null) throw new Error("the lock of a new instance is taken");
  try {
    const id = db
      .transaction((): number => {
        buryDead(db, now);
        const sql = `INSERT INTO instances (token, host, pid, started_at, open_from)
          SELECT ?, ?, ?, ?, coalesce(max(number), 0) + 1 FROM generations`;
        const entry = db.prepare(sql).run(token, hostname(), process.pid, now);
        return Number(entry.lastInsertRowid);
      })
      .immediate();
    const mark = db.prepare(`UPDATE instances SET open_from =
      coalesce(?, (SELECT coalesce(max(number), 0) + 1 FROM generations)) WHERE id = ?`);
    return {
      id,
      openFrom: (number) => void mark.run(number, id),
      end: () => end(db, lock, token, id),
    };
  } catch (error) {
    lock.close();
    rmSync(lockFile(db, token), { force: true });
    throw error;
  }
}

function end(db: Database.Database, lock: Database.Database, token: string, id: number): void {
  try {
    db.prepare("UPDATE instances SET ended_at = ? WHERE id = ?").run(Date.now(), id);
  } catch {
    // The disk is full, or another process writes. Without the lock this instance counts as dead
    // anyway.
  }
  lock.close();
  try {
    rmSync(lockFile(db, token), { force: true });
  } catch {
    // The disk has become read-only. The next start removes the file.
  }
}

function buryDead(db: Database.Database, now: number): void {
  const living = db
    .prepare<[], { id: number; token: string }>(
      "SELECT id, token FROM instances WHERE ended_at IS NULL",
    )
    .all();
  const bury = db.prepare("UPDATE instances SET ended_at = ? WHERE id = ?");
  for (const { id, token } of living) {
    const file = lockFile(db, token);
    if (existsSync(file)) {
      const lock = hold(file);
      if (lock === null) continue;
      lock.close();
      rmSync(file, { force: true });
    }
    bury.run(now, id);
  }
  // Also for an instance that ended normally, if a row was left open.
  interruptOpen(db);
}

/**
 * Whether a gateway uses the ledger of this file now, which need not exist.
 * @param file - the path of the database
 */
export function isInUse(file: string): boolean {
  // The locks lie beside the file itself, not beside a link to it.
  const database = existsSync(file) ? realpathSync(file) : file;
  const folder = dirname(database);
  if (!existsSync(folder)) return false;
  const start = basename(lockName(database, ""));
  return readdirSync(folder)
    .filter((name) => name.startsWith(start) && !name.endsWith("-journal"))
    .some((name) => {
      const lock = hold(join(folder, name));
      lock?.close();
      return lock === null;
    });
}

const lockName = (file: string, token: string): string => `${file}-instance-${token}`;

const lockFile = (db: Database.Database, token: string): string => lockName(db.name, token);

/**
 * Locks a small file for as long as this process lives; null if another living process has it. Any
 * other error is thrown: rows of an instance that may live are not closed.
 */
export function hold(file: string): Database.Database | null {
  const lock = new Database(file, { timeout: 0 });
  try {
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    if (error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY")) return null;
    throw error;
  }
}
