import type { Edited } from "./edit-users-file.ts";
import { digestOf, hashedName, hintOf, keyFault } from "./key.ts";
import { digestOfRow, type EntryFields, fieldsOf, rowOf, type UserRow } from "./users-document.ts";

/** The number of keys that the user has now. */
export type AddedKey = { readonly keys: number };

/**
 * Adds a key for `fields.user`, hashed with its hint, or as it is where `isPlain`.
 * @throws Error when the key is not one, or is in the file already
 */
export function addKey(
  rows: readonly UserRow[],
  key: string,
  fields: EntryFields,
  isPlain: boolean,
): Edited<AddedKey> {
  const fault = keyFault(key);
  if (fault !== null) throw new Error(fault);
  const digest = digestOf(key);
  if (rows.some((row) => digestOfRow(row) === digest))
    throw new Error("that key is in use already");
  const added = [...rows, newRow(key, fields, isPlain)];
  const keys = added.filter((row) => fieldsOf(row).user === fields.user).length;
  return { rows: added, result: { keys } };
}

/** The row of a new key. */
export function newRow(key: string, fields: EntryFields, isPlain: boolean): UserRow {
  const { user, hint: _old, ...others } = fields;
  if (isPlain) return rowOf(key, { user, ...others });
  return rowOf(hashedName(key), { user, hint: hintOf(key), ...others });
}
