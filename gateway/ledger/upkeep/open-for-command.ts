import { existsSync } from "node:fs";
import { resolve } from "node:path";
import Database from "better-sqlite3";
import { migrations, unsuitable } from "../migrations.ts";

/** The file of a ledger, open for a command. */
export type CommandLedger = Disposable & { readonly open: Database.Database };

/**
 * Opens the file of a ledger for a command, beside a gateway that may run. It may only be read
 * unless `canWrite`.
 * @throws Error with one line: the path, the reason, what to do
 */
export function openForCommand(file: string, canWrite: boolean = false): CommandLedger {
  const path = resolve(file);
  if (!existsSync(path)) {
    throw new Error(`there is no ledger at ${path}; the gateway creates it at its first start`);
  }
  const db = new Database(path, { readonly: !canWrite, fileMustExist: true, timeout: 5_000 });
  try {
    const reason = unsuitable(db) ?? tooOld(db);
    if (reason !== null) throw new Error(reason);
  } catch (error) {
    db.close();
    const text = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot read the ledger ${path}: ${text}`, { cause: error });
  }
  return { open: db, [Symbol.dispose]: () => void db.close() };
}

function tooOld(db: Database.Database): string | null {
  const version = Number(db.pragma("user_version", { simple: true }));
  if (version === migrations.length) return null;
  return "it is of an older gateway; start this one once, which brings it up to date";
}
