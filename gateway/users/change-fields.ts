import { type KeySelection, selectKeys } from "./change-keys.ts";
import type { Edited } from "./edit-users-file.ts";
import { parseEntry } from "./entry.ts";
import { changed, type EntryFields, type UserRow } from "./users-document.ts";

/**
 * Changes fields of the selected keys; an undefined one is removed. Returns how many keys changed.
 * @throws Error with one line if a value is wrong
 */
export function changeFields(
  rows: readonly UserRow[],
  selection: KeySelection,
  fields: EntryFields,
): Edited<number> {
  const picked = new Set(selectKeys(rows, selection));
  // Before they are written: JSON has no NaN.
  parseEntry({ user: selection.user, ...fields }, "");
  const edited = rows.map((row) => (picked.has(row) ? changed(row, fields) : row));
  return { rows: edited, result: picked.size };
}
