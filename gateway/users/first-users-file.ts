import { lstatSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { addKey } from "./add-key.ts";
import { editUsersFile } from "./edit-users-file.ts";
import { newKey } from "./key.ts";
import { replaceFile, targetOf } from "./replace-file.ts";

export type FirstKey = {
  readonly user: string;
  /** The key to print once; null if it was written to `keyFile`. */
  readonly key: string | null;
  /** The file that the key was written to; null if it may be printed. */
  readonly keyFile: string | null;
};

export type FirstUsersFileOptions = {
  file: string;
  user: string;
  /** True if a person reads the output (`process.stdout.isTTY`) and it is not kept in a log. */
  isTerminal: boolean;
};

/**
 * If there is no users file, creates one with a key for an administrator, so that the owner can use
 * the gateway at once. Returns null if there is a file. Call it only if API_KEY is not set.
 * @throws Error with one line if the file cannot be written
 */
export async function createFirstUsersFile(
  options: FirstUsersFileOptions,
): Promise<FirstKey | null> {
  const { file, user, isTerminal } = options;
  const target = targetOf(file);
  if (exists(target)) return null;
  const keyFile = isTerminal ? null : join(dirname(file), "first-key");
  const key = newKey();
  const isFirst = await editUsersFile(file, (rows) => {
    // If two gateways start at once, the second one finds the first one's key.
    if (exists(target)) return { rows, result: false };
    // Written before the users file: a crash between the two must not leave an unknown key.
    if (keyFile !== null) writeKeyFile(keyFile, key);
    return { rows: addKey(rows, key, { user, role: "admin" }, false).rows, result: true };
  });
  return isFirst ? { user, key: isTerminal ? key : null, keyFile } : null;
}

function writeKeyFile(keyFile: string, key: string): void {
  // An older file would keep its mode.
  rmSync(keyFile, { force: true });
  replaceFile(keyFile, `${key}\n`);
}

function exists(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}
