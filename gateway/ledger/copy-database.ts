import Database from "better-sqlite3";

/**
 * Copies the ledger to a new file with SQLite's online backup: one moment of it, while a gateway
 * goes on writing.
 */
export async function copyDatabase(file: string, copy: string): Promise<void> {
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    await db.backup(copy);
  } finally {
    db.close();
  }
}
