import type { UserEntry } from "../users/entry.ts";
import { keyIdOf } from "../users/key.ts";

/** The user of a request and their rights, from any way in. */
export type Identity = Pick<
  UserEntry,
  | "user"
  | "role"
  | "models"
  | "weight"
  | "priority"
  | "maxConcurrent"
  | "maxQueued"
  | "limits"
  | "notify"
  | "hint"
> & {
  /** The SHA-256 digest of the key that let the user in; null for every other way in. */
  readonly digest: string | null;
  /** The key that speaks for this person; absent for everyone with a key of their own. */
  readonly behind?: BehindKey;
};

/** A key whose bounds hold for all of its people together. */
export type BehindKey = Pick<UserEntry, "user" | "limits" | "maxConcurrent" | "maxQueued"> & {
  readonly keyId: string;
  /** The person has an entry of their own in users.json. */
  readonly isKnown: boolean;
};

/** The id of the key that let the user in; "" for every other way in. */
export function keyIdIn({ digest }: Pick<Identity, "digest">): string {
  return digest === null ? "" : keyIdOf(digest);
}
