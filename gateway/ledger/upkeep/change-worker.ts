import { parentPort, workerData } from "node:worker_threads";
import Database from "better-sqlite3";
import { type AdminChange, writeChanges } from "./changes.ts";

/** What the worker is given: the ledger's file, and what it writes there. */
export type ChangeTask = { readonly file: string; readonly changes: readonly AdminChange[] };

/** Writes changes off the event loop, over a connection of its own. */
const { file, changes } = workerData as ChangeTask;
const db = new Database(file, { fileMustExist: true, timeout: 5_000 });
try {
  db.pragma("synchronous = NORMAL");
  db.pragma("wal_autocheckpoint = 0");
  writeChanges(db, changes);
  parentPort?.postMessage(changes.length);
} finally {
  db.close();
}
