import { parentPort, workerData } from "node:worker_threads";
import Database from "better-sqlite3";
import { forgetRows } from "./forget-rows.ts";

/** What the worker is given: the ledger's file, and the time (epoch ms) from which rows stay. */
export type ForgetTask = { readonly file: string; readonly before: number };

/** For each millisecond that the lock was held it is free for about four. */
const pauseMs = 10;
const still = new Int32Array(new SharedArrayBuffer(4));

/** Removes old rows off the event loop, over a connection of its own. */
const { file, before } = workerData as ForgetTask;
const db = new Database(file, { fileMustExist: true, timeout: 1_000 });
try {
  db.pragma("synchronous = NORMAL");
  db.pragma("wal_autocheckpoint = 0");
  const removed = forgetRows(db, before, () => void Atomics.wait(still, 0, 0, pauseMs));
  parentPort?.postMessage(removed);
} finally {
  db.close();
}
