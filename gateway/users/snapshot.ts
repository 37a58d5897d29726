import { isInForce, parseEntry, type UserEntry } from "./entry.ts";
import { isExampleDigest } from "./example-keys.ts";
import { JsonFault, type JsonMember, placeOf, readMembers } from "./json-members.ts";
import { digestInName, digestOf, hintOf, keyFault } from "./key.ts";
import { userNameFault } from "./user-name.ts";

/** An entry, and the SHA-256 digest of its key, by which it is known again in a later reading. */
export type KeyEntry = UserEntry & { readonly digest: string };

/** The users of one reading of the file. Never changes. */
export type Snapshot = {
  /** The entry of a key, by the key's SHA-256 digest (64 lower-case hex digits) only. */
  find(digest: string): KeyEntry | null;
  /** Every entry of a user, in the order of the file. */
  entriesOf(user: string): readonly KeyEntry[];
  /** When the next key ends of those that work at `now`; epoch ms, null: none of them ends. */
  nextExpiry(now: number): number | null;
  readonly keys: number;
  readonly users: number;
};

/** A snapshot without users: every key is unknown. */
export function emptySnapshot(): Snapshot {
  return snapshotOf(new Map());
}

/**
 * The administrator of API_KEY, used while there is no users file.
 * @throws Error naming the setting: no key, an example's key, or no valid user name
 */
export function snapshotOfApiKey(key: string, user: string): Snapshot {
  const fault = keyFault(key);
  if (fault !== null) throw new Error(`API_KEY: ${fault}`);
  const nameFault = userNameFault(user);
  if (nameFault !== null) throw new Error(`API_USER: ${nameFault}`);
  const digest = digestOf(key);
  if (isExampleDigest(digest))
    throw new Error("API_KEY is published in users.example.json; set another key");
  const entry = parseEntry({ user, role: "admin" }, hintOf(key));
  return snapshotOf(new Map([[digest, Object.freeze({ ...entry, digest })]]));
}

/**
 * Reads the text of a users file. One wrong entry makes the whole file invalid, so that no user has
 * half of their keys.
 * @throws Error with a message that says what and where, and never a key
 */
export function parseUsers(text: string): Snapshot {
  const byDigest = new Map<string, KeyEntry>();
  const positions = new Map<string, number>();
  for (const [index, member] of membersOf(text).entries()) {
    const where = `entry ${index + 1} (${placeOf(text, member.offset)})`;
    const digest = digestOfMember(member, where);
    const twin = positions.get(digest);
    if (twin !== undefined) throw new Error(`${where}: the same key as entry ${twin}`);
    positions.set(digest, index + 1);
    byDigest.set(digest, Object.freeze({ ...entryOf(member, where), digest }));
  }
  return snapshotOf(byDigest);
}

/** The members of a users file, in order. @throws Error with the place of the fault */
export function membersOf(text: string): JsonMember[] {
  try {
    return readMembers(text);
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw new Error(`${error.message} (${placeOf(text, error.offset)})`);
  }
}

function digestOfMember({ name }: JsonMember, where: string): string {
  const digest = digestInName(name) ?? digestOf(name);
  if (isExampleDigest(digest))
    throw new Error(`${where}: this key is published in users.example.json; make another`);
  if (digestInName(name) !== null) return digest;
  if (/^sha256:/i.test(name)) throw new Error(`${where}: sha256: needs 64 hex digits after it`);
  const fault = keyFault(name);
  if (fault !== null) throw new Error(`${where}: ${fault}`);
  return digest;
}

function entryOf({ name, raw }: JsonMember, where: string): UserEntry {
  try {
    return parseEntry(JSON.parse(raw), digestInName(name) === null ? hintOf(name) : "");
  } catch (error) {
    throw new Error(`${where}: ${error instanceof Error ? error.message : "not an entry"}`);
  }
}

function snapshotOf(byDigest: Map<string, KeyEntry>): Snapshot {
  const users = Map.groupBy(byDigest.values(), (entry) => entry.user);
  return Object.freeze({
    find: (digest: string) => byDigest.get(digest) ?? null,
    entriesOf: (user: string) => users.get(user) ?? [],
    nextExpiry: (now: number) => {
      const ends = [...byDigest.values()].filter((entry) => isInForce(entry, now));
      const next = Math.min(...ends.map(({ expires }) => expires ?? Number.POSITIVE_INFINITY));
      return Number.isFinite(next) ? next : null;
    },
    keys: byDigest.size,
    users: users.size,
  });
}
