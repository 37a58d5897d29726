import { readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import Database from "better-sqlite3";

/**
 * Whether a gateway works on this ledger now: each one holds the lock of a small file beside it
 * (ledger/instances.ts), and the kernel lets go of that however the gateway ends.
 */
export function isGatewayAlive(database: string): boolean {
  const prefix = `${basename(database)}-instance-`;
  const folder = dirname(database);
  return readdirSync(folder)
    .filter((name) => name.startsWith(prefix) && !name.endsWith("-journal"))
    .some((name) => isLocked(join(folder, name)));
}

function isLocked(file: string): boolean {
  const lock = new Database(file, { timeout: 0, fileMustExist: true });
  try {
    lock.exec("BEGIN EXCLUSIVE");
    return false;
  } catch (error) {
    if (error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY")) return true;
    throw error;
  } finally {
    lock.close();
  }
}
