import Database from "better-sqlite3";

/**
 * Copies the ledger to a new file with SQLite's online backup: one moment of it, while a gateway
 * goes on writing.
 */
export async function copyDatabase(file: string, copy: string): Promise<void> {
  const db = new Database(file, { readonly: true, fileMustExist: true });
  try {
    // Holds that moment. SQLite begins a copy anew when the file has changed, so under steady traffic
    // the copy of a large ledger would never end.
    db.exec("BEGIN");
    db.prepare("SELECT 1 FROM sqlite_schema LIMIT 1").get();
    await db.backup(copy);
  } finally {
    db.close();
  }
}
