import { isJsonObject, jsonText } from "../json-object.ts";
import { readText } from "../kinds/kind.ts";
import { type NotifyAddress, notifyAddress } from "../kinds/notify-address.ts";
import { parseInstant } from "./instant.ts";
import { HINT_LENGTH } from "./key.ts";
import { parseSpeaksFor, type SpeaksFor } from "./speaks-for.ts";
import { userNameFault } from "./user-name.ts";

/** What one key of users.json stands for. */
export type UserEntry = {
  readonly user: string;
  /** `admin` has all rights. Every other role only has limits of its own. */
  readonly role: string;
  /** Milliseconds since the epoch from which the key no longer counts; null = never. */
  readonly expires: number | null;
  readonly disabled: boolean;
  /** Globs (`*`, `?`) of the models it may use; null = all. */
  readonly models: readonly string[] | null;
  /** Share of the line; the default is 1. */
  readonly weight: number;
  /** A whole number; higher runs first, the default is 0. */
  readonly priority: number;
  /** The most running generations and waiting requests; null is the gateway's own setting. */
  readonly maxConcurrent: number | null;
  readonly maxQueued: number | null;
  /** As written in the file; limits/ reads it. */
  readonly limits: Readonly<Record<string, unknown>> | null;
  /** Where its user is told of limits and of requests that are done; null: nowhere. */
  readonly notify: NotifyAddress | null;
  /** How it names the people behind it; null: it speaks for its own user alone. */
  readonly speaksFor: SpeaksFor | null;
  /** The key's first characters: all that may be shown of it. */
  readonly hint: string;
};

/** How a role may be called; the names other than `user` and `admin` are those of `limits: roles:`. */
export const roleName: RegExp = /^[a-z][a-z0-9_-]{0,31}$/;

/** Whether an entry gives anybody anything at `now` (epoch ms). */
export function isInForce({ disabled, expires }: UserEntry, now: number): boolean {
  return !disabled && (expires === null || expires > now);
}

/** The fields of an entry of users.json; `note` is for people. */
export const entryFields: readonly string[] = [
  ...["user", "role", "expires", "disabled", "models", "weight", "priority"],
  ...["max_concurrent", "max_queued", "limits", "notify", "speaks_for", "hint", "note"],
];

/**
 * Reads the value of one entry: a name, or an object. Unknown fields are ignored.
 * @throws Error with a message that names the field and never repeats its value
 */
export function parseEntry(value: unknown, hint: string): UserEntry {
  const fields = typeof value === "string" ? { user: value } : value;
  if (!isJsonObject(fields)) throw new Error("must be a name or an object");
  return Object.freeze({
    user: userOf(fields.user),
    role: roleOf(fields.role),
    expires: expiresOf(fields.expires),
    disabled: disabledOf(fields.disabled),
    models: modelsOf(fields.models),
    weight: numberOf("weight", fields.weight, 1, 0.01, 1000),
    priority: wholeOf("priority", fields.priority, -1000) ?? 0,
    maxConcurrent: wholeOf("max_concurrent", fields.max_concurrent, 1),
    maxQueued: wholeOf("max_queued", fields.max_queued, 0),
    limits: limitsOf(fields.limits),
    notify: notifyOf(fields.notify),
    speaksFor: parseSpeaksFor(fields.speaks_for),
    hint: hintIn(fields.hint) ?? hint,
  });
}

function userOf(value: unknown): string {
  if (typeof value !== "string") throw new Error('"user" must be a name');
  const fault = userNameFault(value);
  if (fault !== null) throw new Error(fault);
  return value;
}

function roleOf(value: unknown): string {
  if (value === undefined || value === null) return "user";
  if (typeof value === "string" && roleName.test(value)) return value;
  throw new Error(
    '"role" must be "user", "admin" or another role: lower-case letters, digits, - and _',
  );
}

function expiresOf(value: unknown): number | null {
  if (value === undefined || value === null) return null;
  const instant = typeof value === "string" ? parseInstant(value) : null;
  if (instant === null) throw new Error('"expires" must be an ISO 8601 date or time');
  return instant;
}

function disabledOf(value: unknown): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value === "boolean") return value;
  throw new Error('"disabled" must be true or false');
}

function modelsOf(value: unknown): readonly string[] | null {
  if (value === undefined || value === null) return null;
  const isList = Array.isArray(value) && value.every((glob) => typeof glob === "string");
  if (!isList) throw new Error('"models" must be a list of names or globs');
  return Object.freeze([...value]);
}

function numberOf(name: string, value: unknown, other: number, min: number, max: number): number {
  if (value === undefined || value === null) return other;
  if (typeof value === "number" && value >= min && value <= max) return value;
  throw new Error(`"${name}" must be a number from ${min} to ${max}`);
}

function wholeOf(name: string, value: unknown, min: number): number | null {
  if (value === undefined || value === null) return null;
  if (Number.isInteger(value) && Number(value) >= min && Number(value) <= 1000)
    return Number(value);
  throw new Error(`"${name}" must be a whole number from ${min} to 1000`);
}

function limitsOf(value: unknown): Readonly<Record<string, unknown>> | null {
  if (value === undefined || value === null) return null;
  if (!isJsonObject(value)) throw new Error('"limits" must be an object');
  return Object.freeze(value);
}

function notifyOf(value: unknown): NotifyAddress | null {
  if (value === undefined || value === null) return null;
  const read = readText(notifyAddress, jsonText(value));
  if (read.fault === null) return read.value;
  throw new Error(`"notify" ${read.fault}`);
}

function hintIn(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== "string" || !/^[\x21-\x7e]*$/.test(value)) {
    throw new Error('"hint" must be the first characters of the key');
  }
  // A longer hint could be the whole key, and it is shown in lists and logs.
  return value.slice(0, HINT_LENGTH);
}
