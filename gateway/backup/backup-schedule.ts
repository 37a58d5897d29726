import { existsSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { type WorkApart, workApart } from "../ledger/upkeep/work-apart.ts";
import { type DailyBackup, dailyName, removeRemains, timeOfDaily } from "./daily-backup.ts";
import { backupFolder, type KeptFiles, stampOf } from "./kept-files.ts";

export type BackupScheduleOptions = {
  readonly kept: KeptFiles;
  readonly version: string;
  /** Minutes after midnight, in the time zone of the process; null: there is no daily backup. */
  readonly atMinute: number | null;
  /** How many daily backups stay. */
  readonly keep: number;
  readonly everyMs?: number;
  /** Epoch ms. */
  readonly now?: () => number;
  /** Called with the name of the file. */
  readonly onMade: (name: string) => void;
  /** Called with a line for the log; the backup is tried again after an hour. */
  readonly onTrouble: (message: string) => void;
};

/** Milliseconds between a backup that failed and the next try. */
const patienceMs = 3_600_000;

/**
 * Makes a backup each day, in a worker. One that was missed, because the gateway did not run or the
 * disk was full, is made as soon as it can be.
 */
export function scheduleBackups(options: BackupScheduleOptions): AsyncDisposable {
  const { kept, version, atMinute, keep, everyMs = 60_000, now = Date.now } = options;
  if (atMinute === null) return { [Symbol.asyncDispose]: async () => {} };
  const folder = backupFolder(kept);
  let work: WorkApart<null> | null = null;
  let isOver = false;
  let notBefore = Number.NEGATIVE_INFINITY;

  async function make(time: number): Promise<void> {
    const file = join(folder, dailyName(stampOf(time)));
    const task: DailyBackup = { kept, file, keep, version };
    try {
      work = workApart<null>(new URL("./backup-worker.ts", import.meta.url), task);
      await work.result;
      options.onMade(basename(file));
    } catch (error) {
      notBefore = time + patienceMs;
      const reason = error instanceof Error ? error.message : String(error);
      if (!isOver) options.onTrouble(`the daily backup failed (BACKUP_DAILY): ${reason}`);
    } finally {
      work = null;
    }
  }

  let isLooking = false;
  async function look(): Promise<void> {
    const time = now();
    if (isLooking || time < notBefore || isOver) return;
    isLooking = true;
    const newest = await newestDaily(folder);
    const isDue = newest === null || newest < lastDue(time, atMinute ?? 0);
    // It may have been closed meanwhile.
    if (isDue && !isOver) await make(time);
    isLooking = false;
  }

  void look();
  const timer = setInterval(() => void look(), everyMs).unref();
  return {
    async [Symbol.asyncDispose]() {
      isOver = true;
      clearInterval(timer);
      const cut = work;
      await cut?.end();
      if (cut !== null && existsSync(folder)) removeRemains(kept, folder);
    },
  };
}

/** The latest time (epoch ms) at or before `now` that is so many minutes after a local midnight. */
export function lastDue(now: number, minute: number): number {
  const due = new Date(now);
  due.setHours(0, minute, 0, 0);
  if (due.getTime() > now) due.setDate(due.getDate() - 1);
  return due.getTime();
}

async function newestDaily(folder: string): Promise<number | null> {
  const times = (await namesIn(folder)).flatMap((name) => timeOfDaily(name) ?? []);
  return times.length === 0 ? null : Math.max(...times);
}

/** When the newest backup was made, a daily one or another (epoch ms); null: there is none. */
export async function newestBackup(kept: KeptFiles): Promise<number | null> {
  const folder = backupFolder(kept);
  const made = (await namesIn(folder)).filter((name) => name.endsWith(".tar.gz"));
  const times = await Promise.all(
    made.map((name) =>
      stat(join(folder, name)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  const newest = Math.max(0, ...times);
  return newest === 0 ? null : newest;
}

const namesIn = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);
