import { hash, randomBytes } from "node:crypto";

/** How much of a key may be shown. */
export const HINT_LENGTH = 7;

const PRINTABLE = /^[\x21-\x7e]+$/;
const HASHED = /^sha256:([0-9a-f]{64})$/i;
const MAX_LENGTH = 512;

/** A new key: `sk-` and 32 hex digits, 128 bits from the operating system's generator. */
export function newKey(): string {
  return `sk-${randomBytes(16).toString("hex")}`;
}

/** The SHA-256 digest of a key as 64 lower-case hex digits: all that is ever compared. */
export function digestOf(key: string): string {
  return hash("sha256", key, "hex");
}

/** What may be shown of a key: its first 7 characters, but never more than half of a short one. */
export function hintOf(key: string): string {
  return key.slice(0, Math.min(HINT_LENGTH, key.length >> 1));
}

/** How a key is named in the file when stored hashed. */
export function hashedName(key: string): string {
  return `sha256:${digestOf(key)}`;
}

/** The digest a name of the file stands for, or null where the name is a plain key. */
export function digestInName(name: string): string | null {
  return HASHED.exec(name)?.[1]?.toLowerCase() ?? null;
}

/** Why a text cannot be a key, or null. A key must fit into a header as it is. */
export function keyFault(key: string): string | null {
  if (key === "") return "a key must not be empty";
  if (key.length > MAX_LENGTH) return `a key must not be longer than ${MAX_LENGTH} characters`;
  if (!PRINTABLE.test(key)) return "a key must be printable ASCII without spaces";
  if (key.toLowerCase().startsWith("sha256:")) return "a key must not begin with sha256:";
  return null;
}

/** The id of a key, which is no secret: the first 16 digits of its digest. */
export function keyIdOf(digest: string): string {
  return digest.slice(0, 16);
}
