import { isJsonObject } from "../json-object.ts";
import { digestInName, digestOf, HINT_LENGTH, hintOf } from "./key.ts";
import { membersOf, parseUsers } from "./snapshot.ts";

/** One line of the file: its name (a key, or `sha256:…`) and its value exactly as written. */
export type UserRow = { readonly name: string; readonly raw: string };

/** The fields of one entry, unknown ones included. */
export type EntryFields = Readonly<Record<string, unknown>>;

/**
 * The rows of a users file, in order.
 * @throws Error for a broken file: an edit would make its fault permanent
 */
export function readRows(text: string): UserRow[] {
  parseUsers(text);
  return membersOf(text).map(({ name, raw }) => ({ name, raw }));
}

/** The text of a users file: one row a line, values as they were written. */
export function writeRows(rows: readonly UserRow[]): string {
  if (rows.length === 0) return "{}\n";
  const lines = rows.map(({ name, raw }) => `  ${JSON.stringify(name)}: ${raw}`);
  return `{\n${lines.join(",\n")}\n}\n`;
}

/** The fields of a row; a plain name is `{ user }`. */
export function fieldsOf(row: UserRow): EntryFields {
  const value: unknown = JSON.parse(row.raw);
  return isJsonObject(value) ? value : { user: value };
}

/** The row of these fields. A row with only a user is written as the plain name. */
export function rowOf(name: string, fields: EntryFields): UserRow {
  const isPlain = Object.keys(fields).length === 1 && typeof fields.user === "string";
  return { name, raw: JSON.stringify(isPlain ? fields.user : fields) };
}

/** The row with changed fields. A field that becomes undefined is removed. */
export function changed(row: UserRow, changes: EntryFields): UserRow {
  const fields = Object.entries({ ...fieldsOf(row), ...changes });
  return rowOf(row.name, Object.fromEntries(fields.filter(([, value]) => value !== undefined)));
}

/** What may be shown of a row's key. */
export function hintOfRow(row: UserRow): string {
  if (digestInName(row.name) === null) return hintOf(row.name);
  const { hint } = fieldsOf(row);
  return typeof hint === "string" ? hint.slice(0, HINT_LENGTH) : "";
}

/** The digest of a row's key, as 64 lower-case hex digits. */
export function digestOfRow(row: UserRow): string {
  return digestInName(row.name) ?? digestOf(row.name);
}
