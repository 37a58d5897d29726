import { parentPort, workerData } from "node:worker_threads";
import { type DailyBackup, writeDailyBackup } from "./daily-backup.ts";

/** Writes a daily backup off the event loop. */
await writeDailyBackup(workerData as DailyBackup);
parentPort?.postMessage(null);
