import { lstatSync } from "node:fs";
import { addKey } from "./add-key.ts";
import { editUsersFile } from "./edit-users-file.ts";
import { firstKeyFile, keepFirstKey } from "./first-key.ts";
import { newKey } from "./key.ts";
import { targetOf } from "./replace-file.ts";

export type FirstKey = {
  readonly user: string;
  /** The key to print; null if the output is kept in a log. */
  readonly key: string | null;
  /** The file that the key waits in. */
  readonly keyFile: string;
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
  const key = newKey();
  const isFirst = await editUsersFile(file, (rows) => {
    // If two gateways start at once, the second one finds the first one's key.
    if (exists(target)) return { rows, result: false };
    // Written before the users file: a crash between the two must not leave an unknown key.
    keepFirstKey(file, key);
    return { rows: addKey(rows, key, { user, role: "admin" }, false).rows, result: true };
  });
  return isFirst ? { user, key: isTerminal ? key : null, keyFile: firstKeyFile(file) } : null;
}

function exists(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}
