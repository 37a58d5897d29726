import { mkdirSync, readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { withFileLock } from "./file-lock.ts";
import { replaceFile, targetOf } from "./replace-file.ts";
import { parseUsers } from "./snapshot.ts";
import { decode, describe } from "./user-directory.ts";
import { readRows, type UserRow, writeRows } from "./users-document.ts";

/** A person's editor saved the file during an edit; nothing was written. */
export class UsersFileChanged extends Error {}

/** The rows after an edit, and its result. */
export type Edited<T> = { readonly rows: readonly UserRow[]; readonly result: T };

/**
 * Edits a users file under its lock, so simultaneous edits follow each other and a reader never
 * sees half of one. A missing file is created with access for its owner only.
 * @throws Error with one line for a broken file, and any error of `edit`; nothing is written then
 */
export async function editUsersFile<T>(
  file: string,
  edit: (rows: UserRow[]) => Edited<T>,
): Promise<T> {
  const target = targetOf(file);
  makeFolderOf(target);
  return await withFileLock(target, () => {
    const before = textOf(target);
    const rows = before === null ? [] : rowsOf(target, before);
    const edited = edit(rows);
    const after = writeRows(edited.rows);
    // The gateway must be able to read what is written.
    parseUsers(after);
    if (!isSame(rows, edited.rows) || before === null) {
      refuseIfChanged(target, before);
      replaceFile(target, after);
    }
    return edited.result;
  });
}

/** The rows of a users file, without editing it; none when there is no file. */
export function readUsersFile(file: string): UserRow[] {
  const text = textOf(file);
  return text === null ? [] : rowsOf(file, text);
}

/** Only the owner gets access. An existing folder stays as it is. */
function makeFolderOf(file: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
}

function rowsOf(file: string, text: string): UserRow[] {
  try {
    return readRows(text);
  } catch (error) {
    throw new Error(describe(file, error));
  }
}

function textOf(file: string): string | null {
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return null;
  try {
    return decode(readFileSync(file));
  } catch (error) {
    throw new Error(describe(file, error));
  }
}

function isSame(one: readonly UserRow[], other: readonly UserRow[]): boolean {
  return one.length === other.length && one.every((row, index) => row === other[index]);
}

/** A person's text editor takes no lock. What it saved in these milliseconds must not be lost. */
function refuseIfChanged(file: string, before: string | null): void {
  if (textOf(file) === before) return;
  throw new UsersFileChanged(`${file} was changed by another program; try again`);
}
