import type { UserEntry } from "../users/entry.ts";

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
  | "hint"
> & {
  /** The SHA-256 digest of the key that let the user in; null for every other way in. */
  readonly digest: string | null;
};
