import { newRow } from "./add-key.ts";
import type { Edited } from "./edit-users-file.ts";
import { digestInName } from "./key.ts";
import { changed, fieldsOf, hintOfRow, type UserRow } from "./users-document.ts";

/** Selects keys of a user: all of them, or those with a hint that begins with `hint`. */
export type Whose = { readonly user: string; readonly hint: string | null };

/** The selected keys. @throws Error if there is none */
export function pick(rows: readonly UserRow[], whose: Whose): UserRow[] {
  const own = rows.filter((row) => fieldsOf(row).user === whose.user);
  if (own.length === 0) throw new Error("there is no user with that name");
  const picked = own.filter((row) => hintOfRow(row).startsWith(whose.hint ?? ""));
  if (picked.length === 0) throw new Error(`no key of ${whose.user} begins with that hint`);
  return picked;
}

/** Removes keys from the file. Returns how many. */
export function removeKeys(rows: readonly UserRow[], whose: Whose): Edited<number> {
  const picked = new Set(pick(rows, whose));
  return { rows: rows.filter((row) => !picked.has(row)), result: picked.size };
}

/** Disables keys, or enables them again. Returns how many. */
export function setDisabled(
  rows: readonly UserRow[],
  whose: Whose,
  isDisabled: boolean,
): Edited<number> {
  const picked = new Set(pick(rows, whose));
  const disabled = isDisabled ? true : undefined;
  const edited = rows.map((row) => (picked.has(row) ? changed(row, { disabled }) : row));
  return { rows: edited, result: picked.size };
}

/** Hashes every plain key in its place. Returns how many. */
export function hashKeys(rows: readonly UserRow[]): Edited<number> {
  const isPlain = (row: UserRow): boolean => digestInName(row.name) === null;
  return {
    rows: rows.map((row) => (isPlain(row) ? newRow(row.name, fieldsOf(row), false) : row)),
    result: rows.filter(isPlain).length,
  };
}
