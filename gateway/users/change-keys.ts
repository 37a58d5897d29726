import { newRow } from "./add-key.ts";
import type { Edited } from "./edit-users-file.ts";
import { digestInName } from "./key.ts";
import { changed, fieldsOf, hintOfRow, type UserRow } from "./users-document.ts";

/** Selects keys of a user: all of them, or those with a hint that begins with `hint`. */
export type KeySelection = { readonly user: string; readonly hint: string | null };

/** The selected keys. @throws Error if there is none */
export function selectKeys(rows: readonly UserRow[], selection: KeySelection): UserRow[] {
  const own = rows.filter((row) => fieldsOf(row).user === selection.user);
  if (own.length === 0) throw new Error("there is no user with that name");
  const picked = own.filter((row) => hintOfRow(row).startsWith(selection.hint ?? ""));
  if (picked.length === 0) throw new Error(`no key of ${selection.user} begins with that hint`);
  return picked;
}

/** Removes keys from the file. Returns how many. */
export function removeKeys(rows: readonly UserRow[], selection: KeySelection): Edited<number> {
  const picked = new Set(selectKeys(rows, selection));
  return { rows: rows.filter((row) => !picked.has(row)), result: picked.size };
}

/** Disables keys, or enables them again. Returns how many. */
export function setDisabled(
  rows: readonly UserRow[],
  selection: KeySelection,
  isDisabled: boolean,
): Edited<number> {
  const picked = new Set(selectKeys(rows, selection));
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
