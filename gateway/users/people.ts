import { hash } from "node:crypto";
import { shownAddress } from "../kinds/notify-address.ts";
import { addKey, newRow } from "./add-key.ts";
import type { Edited } from "./edit-users-file.ts";
import { parseEntry } from "./entry.ts";
import { digestOf, keyIdOf } from "./key.ts";
import {
  changed,
  digestOfRow,
  type EntryFields,
  fieldsOf,
  hintOfRow,
  type UserRow,
} from "./users-document.ts";

/** The fields of an entry that belong to the person: the same for all of their keys. */
export const personFields: readonly string[] = [
  ...["role", "disabled", "weight", "priority", "max_concurrent", "max_queued"],
  ...["models", "limits", "notify", "speaks_for"],
];

/** The fields of an entry that belong to one key. */
export const keyFields: readonly string[] = ["expires", "note"];

/** What is wrong with a change of the users, for the person who asked for it. */
export class UserChangeError extends Error {
  /** `missing`: there is nothing to change; `conflict`: the users are not so; else the fields. */
  readonly reason: "missing" | "conflict" | "fields";

  constructor(reason: UserChangeError["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}

/** One key of a person, as administrators see it. */
export type KeyShown = {
  id: string;
  hint: string;
  /** ISO 8601, or null. */
  expires: string | null;
  disabled: boolean;
  note: string | null;
};

/** A person, as administrators see them; what is not set is null. */
export type PersonShown = {
  user: string;
  role: string;
  /** True if all of their keys are. */
  disabled: boolean;
  weight: number;
  priority: number;
  max_concurrent: number | null;
  max_queued: number | null;
  models: readonly string[] | null;
  limits: object | null;
  /** What may be shown of their address for notices: `ntfy at ntfy.sh (3f9a1c)`. */
  notify: string | null;
  speaks_for: unknown;
  keys: KeyShown[];
};

/** Everyone in the file, in its order. The first entry of a user says what they may. */
export function peopleIn(rows: readonly UserRow[]): PersonShown[] {
  const byUser = Map.groupBy(rows, (row) => String(fieldsOf(row).user));
  return Array.from(byUser, ([user, theirs]) => personOf(user, theirs));
}

/** One user. @throws UserChangeError if there is none of this name */
export function personIn(rows: readonly UserRow[], user: string): PersonShown {
  return personOf(user, rowsOf(rows, user));
}

function personOf(user: string, rows: readonly UserRow[]): PersonShown {
  const [first] = rows;
  const fields = first === undefined ? { user } : fieldsOf(first);
  const { role, weight, priority, maxConcurrent, maxQueued, models, limits, notify } = parseEntry(
    fields,
    "",
  );
  const keys = rows.map(keyShown);
  return {
    ...{ user, role, disabled: keys.every((key) => key.disabled), weight, priority },
    ...{ max_concurrent: maxConcurrent, max_queued: maxQueued, models, limits },
    notify: notify === null ? null : `${shownAddress(notify)} (${shortDigest(notify.url)})`,
    ...{ speaks_for: fields.speaks_for ?? null, keys },
  };
}

/** Tells one address from another of the same service, in a list and in the log of changes. */
const shortDigest = (url: string): string => hash("sha256", url, "hex").slice(0, 6);

function keyShown(row: UserRow): KeyShown {
  const { note } = fieldsOf(row);
  const { expires, disabled } = parseEntry(fieldsOf(row), "");
  return {
    id: keyIdOf(digestOfRow(row)),
    hint: hintOfRow(row),
    expires: expires === null ? null : new Date(expires).toISOString(),
    disabled,
    note: typeof note === "string" ? note : null,
  };
}

function rowsOf(rows: readonly UserRow[], user: string): UserRow[] {
  const own = rows.filter((row) => fieldsOf(row).user === user);
  if (own.length > 0) return own;
  throw new UserChangeError("missing", "There is no user with this name.");
}

/** A new user with a first key. @throws UserChangeError if the name is taken or a field is wrong */
export function addPerson(
  rows: readonly UserRow[],
  key: string,
  fields: EntryFields,
): Edited<null> {
  if (rows.some((row) => fieldsOf(row).user === fields.user)) {
    const text = "There is a user with this name. Give them one more key, or rotate theirs.";
    throw new UserChangeError("conflict", text);
  }
  const given = withoutNulls(fields);
  check(given);
  return { rows: addKey(rows, key, given, false).rows, result: null };
}

/**
 * Changes what a user may, on all of their keys; null takes a field away.
 * @throws UserChangeError if there is no such user or a field is wrong
 */
export function changePerson(
  rows: readonly UserRow[],
  user: string,
  changes: EntryFields,
): Edited<null> {
  const own = new Set(rowsOf(rows, user));
  const nothing = Object.entries(changes).map(([name, value]) => [name, value ?? undefined]);
  const given = Object.fromEntries(nothing);
  const edited = rows.map((row) => {
    if (!own.has(row)) return row;
    const next = changed(row, given);
    check(fieldsOf(next));
    return next;
  });
  return { rows: edited, result: null };
}

/** Takes a user and all of their keys away. @throws UserChangeError if there is none */
export function removePerson(rows: readonly UserRow[], user: string): Edited<null> {
  const own = new Set(rowsOf(rows, user));
  return { rows: rows.filter((row) => !own.has(row)), result: null };
}

/**
 * One more key for a user, with the rights of their first one.
 * @throws UserChangeError if there is no such user or a field is wrong
 */
export function addKeyOf(
  rows: readonly UserRow[],
  user: string,
  key: string,
  fields: EntryFields,
): Edited<null> {
  const [first] = rowsOf(rows, user);
  const { expires: _expires, note: _note, ...rights } = first === undefined ? {} : fieldsOf(first);
  const given = { ...rights, user, ...withoutNulls(fields) };
  check(given);
  return { rows: addKey(rows, key, given, false).rows, result: null };
}

/** Takes one key away. @throws UserChangeError if the user has no such key */
export function removeKeyOf(rows: readonly UserRow[], user: string, id: string): Edited<null> {
  const key = keyRow(rows, user, id);
  return { rows: rows.filter((row) => row !== key), result: null };
}

/**
 * Replaces one key by a new one with the same rights. The old one still works for `graceMs`, but
 * never longer than before.
 * @throws UserChangeError if the user has no such key
 */
export function rotateKeyOf(
  rows: readonly UserRow[],
  {
    user,
    id,
    key,
    graceMs,
    now,
  }: {
    user: string;
    id: string;
    key: string;
    graceMs: number;
    now: number;
  },
): Edited<null> {
  const old = keyRow(rows, user, id);
  const { expires } = parseEntry(fieldsOf(old), "");
  const end = Math.min(expires ?? Number.POSITIVE_INFINITY, now + graceMs);
  const ended = graceMs === 0 ? [] : [changed(old, { expires: new Date(end).toISOString() })];
  const kept = rows.flatMap((row) => (row === old ? ended : [row]));
  return { rows: [...kept, newRow(key, fieldsOf(old), false)], result: null };
}

function keyRow(rows: readonly UserRow[], user: string, id: string): UserRow {
  const found = rowsOf(rows, user).find((row) => keyIdOf(digestOfRow(row)) === id);
  if (found !== undefined) return found;
  throw new UserChangeError("missing", "This user has no key with this id.");
}

/** Whether an administrator's key still works. */
export function hasAdministrator(rows: readonly UserRow[], now: number): boolean {
  return rows.some((row) => {
    const { role, disabled, expires } = parseEntry(fieldsOf(row), "");
    return role === "admin" && !disabled && (expires === null || expires > now);
  });
}

/** The id under which the API shows a new key. */
export const idOfKey = (key: string): string => keyIdOf(digestOf(key));

const withoutNulls = (fields: EntryFields): EntryFields =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));

function check(fields: EntryFields): void {
  try {
    parseEntry(fields, "");
    const { note } = fields;
    const isNote = note === undefined || (typeof note === "string" && note.length <= 200);
    if (!isNote) throw new Error('"note" must be a text of at most 200 characters');
  } catch (error) {
    throw new UserChangeError("fields", error instanceof Error ? `${error.message}.` : "Wrong.");
  }
}
