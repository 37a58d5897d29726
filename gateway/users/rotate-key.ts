import { addKey } from "./add-key.ts";
import { type KeySelection, selectKeys } from "./change-keys.ts";
import type { Edited } from "./edit-users-file.ts";
import { parseEntry, type UserEntry } from "./entry.ts";
import { changed, type EntryFields, fieldsOf, type UserRow } from "./users-document.ts";

export type Rotation = {
  readonly selection: KeySelection;
  readonly key: string;
  readonly isPlain: boolean;
  /** How long the old keys still work, ms; 0 takes them out at once. */
  readonly graceMs: number;
  /** Epoch ms. */
  readonly now: number;
};

export type Rotated = {
  /** How many keys were replaced. */
  readonly replaced: number;
  /** When the last of them ends, ISO 8601, or null when they have ended. */
  readonly until: string | null;
};

/**
 * Replaces a user's working keys by a new key with the same rights. The old keys end after the
 * grace period. A key that would have ended earlier still does, and the new key ends when the
 * longest-lived old key would have ended: rotating gives no more rights than before.
 * @throws Error if no key works, or if the keys have different rights and none was named
 */
export function rotateKey(rows: readonly UserRow[], rotation: Rotation): Edited<Rotated> {
  const { selection, now, graceMs } = rotation;
  const old = selectKeys(rows, selection).filter((row) => isWorking(row, now));
  const [model] = old;
  if (model === undefined) throw new Error(`${selection.user} has no key that works; add one`);
  if (old.some((row) => rightsOf(row) !== rightsOf(model))) {
    throw new Error(`the keys of ${selection.user} have different rights; choose one with --hint`);
  }
  const until = now + graceMs;
  const kept = rows.flatMap((row) => (old.includes(row) ? ended(row, until, graceMs) : [row]));
  const fields = inherited(model, old);
  const { rows: edited } = addKey(kept, rotation.key, fields, rotation.isPlain);
  const last = graceMs === 0 ? null : new Date(Math.min(until, lastEnd(old))).toISOString();
  return { rows: edited, result: { replaced: old.length, until: last } };
}

function entryOf(row: UserRow): UserEntry {
  return parseEntry(fieldsOf(row), "");
}

function isWorking(row: UserRow, now: number): boolean {
  const { disabled, expires } = entryOf(row);
  return !disabled && endOf(expires) > now;
}

/** All rights of a key without its end. Fields of other rooms count too. */
function rightsOf(row: UserRow): string {
  const { hint: _hint, note: _note, expires: _expires, ...rights } = fieldsOf(row);
  return JSON.stringify(Object.entries(rights).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function ended(row: UserRow, until: number, graceMs: number): UserRow[] {
  if (graceMs === 0) return [];
  if (endOf(entryOf(row).expires) <= until) return [row];
  return [changed(row, { expires: new Date(until).toISOString() })];
}

function inherited(model: UserRow, old: readonly UserRow[]): EntryFields {
  const { expires: _expires, ...fields } = fieldsOf(model);
  const end = lastEnd(old);
  return end === Number.POSITIVE_INFINITY
    ? fields
    : { ...fields, expires: new Date(end).toISOString() };
}

function lastEnd(rows: readonly UserRow[]): number {
  return Math.max(...rows.map((row) => endOf(entryOf(row).expires)));
}

function endOf(expires: number | null): number {
  return expires ?? Number.POSITIVE_INFINITY;
}
