import { readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { replaceFile } from "./replace-file.ts";

/** How long the first key waits in its file to be taken, in ms. */
const waitsMs = 24 * 60 * 60 * 1_000;

/** The file in which the first key waits: beside the users file. */
export function firstKeyFile(usersFile: string): string {
  return join(dirname(usersFile), "first-key");
}

/** Writes the first key to its file, which only its owner can read. */
export function keepFirstKey(usersFile: string, key: string): void {
  const file = firstKeyFile(usersFile);
  // An older file would keep its mode.
  rmSync(file, { force: true });
  replaceFile(file, `${key}\n`);
}

/** The first key; null if there is none, or if it has waited for 24 hours (`now` in epoch ms). */
export function readFirstKey(usersFile: string, now: number): string | null {
  const left = timeLeft(usersFile, now);
  if (left === null || left <= 0) return null;
  return readFileSync(firstKeyFile(usersFile), "utf8").trim() || null;
}

/** Removes the file of the first key. */
export function forgetFirstKey(usersFile: string): void {
  rmSync(firstKeyFile(usersFile), { force: true });
}

/** Removes the file of the first key when it has waited for 24 hours, while this process runs. */
export function forgetFirstKeyInTime(usersFile: string, now: number): void {
  const left = timeLeft(usersFile, now);
  if (left === null) return;
  if (left <= 0) forgetFirstKey(usersFile);
  else setTimeout(() => forgetFirstKeyInTime(usersFile, Date.now()), left).unref();
}

/** In ms; null without a file. */
function timeLeft(usersFile: string, now: number): number | null {
  const found = statSync(firstKeyFile(usersFile), { throwIfNoEntry: false });
  return found === undefined ? null : found.mtimeMs + waitsMs - now;
}
