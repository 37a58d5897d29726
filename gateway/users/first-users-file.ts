import { lstatSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { addKey } from "./add-key.ts";
import { editUsersFile } from "./edit-users-file.ts";
import { newKey } from "./key.ts";
import { replaceFile, targetOf } from "./replace-file.ts";

export type FirstKey = {
  readonly user: string;
  /** For the terminal, once; null when it went to `keyFile` instead. */
  readonly key: string | null;
  /** Where the key was written for its owner to read and delete; null when it may be shown. */
  readonly keyFile: string | null;
};

export type FirstUsersFileOptions = {
  file: string;
  user: string;
  /** Whether what is printed is read by a person (`process.stdout.isTTY`) and not kept in a log. */
  isTerminal: boolean;
};

/**
 * Where no users file exists, makes one with a single administrator's key, so that the first start
 * lets its owner in; null when there is one. Ask only while API_KEY is unset.
 * @throws Error with one line when it cannot be written
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
    // Of two gateways starting at once, the second finds the first one's key.
    if (exists(target)) return { rows, result: false };
    // Before the users file: a crash between the two must not leave a key nobody knows.
    if (keyFile !== null) writeKeyFile(keyFile, key);
    return { rows: addKey(rows, key, { user, role: "admin" }, false).rows, result: true };
  });
  return isFirst ? { user, key: isTerminal ? key : null, keyFile } : null;
}

function writeKeyFile(keyFile: string, key: string): void {
  // An older one would hand down its mode.
  rmSync(keyFile, { force: true });
  replaceFile(keyFile, `${key}\n`);
}

function exists(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}
