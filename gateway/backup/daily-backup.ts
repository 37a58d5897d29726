import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { draftEnd, type KeptFiles, stagingOf } from "./kept-files.ts";

/** A daily backup that is due. */
export type DailyBackup = {
  readonly kept: KeptFiles;
  /** Its path: the folder of backups, and `dailyName`. */
  readonly file: string;
  /** How many daily backups stay, this one included. */
  readonly keep: number;
  readonly version: string;
};

const pattern = /^daily-(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)\.tar\.gz$/;

export const dailyName = (stamp: string): string => `daily-${stamp}.tar.gz`;

const isDaily = (name: string): boolean => pattern.test(name);

/** When a daily backup was begun, by its name (epoch ms); null for any other file. */
export function timeOfDaily(name: string): number | null {
  const found = pattern.exec(name);
  if (found === null) return null;
  const [, year, month, day, hour, minute, second] = found.map(Number);
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second);
}

/** Writes it, then removes the oldest ones. No other file in the folder is touched. */
export async function writeDailyBackup({ kept, file, keep, version }: DailyBackup): Promise<void> {
  const folder = dirname(file);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  removeRemains(kept, folder);
  // Loaded once a day, in the worker: a start need not have it.
  const { writeBackup } = await import("./write-backup.ts");
  await writeBackup(kept, file, version, "daily");
  const older = readdirSync(folder).filter(isDaily).sort().reverse().slice(keep);
  for (const name of older) rmSync(join(folder, name), { force: true });
}

/** Removes what a gateway that was stopped or killed has left of a daily backup. */
export function removeRemains(kept: KeptFiles, folder: string): void {
  for (const name of readdirSync(folder)) {
    const isDraft = name.endsWith(draftEnd) && isDaily(name.replace(/(\.gz)\..*/, "$1"));
    if (isDraft) rmSync(join(folder, name), { force: true });
  }
  for (const name of readdirSync(kept.folder)) {
    if (name.startsWith(stagingOf("daily"))) rmSync(join(kept.folder, name), { recursive: true });
  }
}
