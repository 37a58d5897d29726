import type { JWTPayload } from "jose";
import { isInForce, parseEntry } from "../users/entry.ts";
import type { Snapshot } from "../users/snapshot.ts";
import { userNameFault } from "../users/user-name.ts";
import type { Identity } from "./identity.ts";

/**
 * The identity of a user without a key. The user's entry in users.json gives limits, models and
 * weight. Null if none of the user's entries is in force, or if the name is not valid.
 * @param role null: the role of users.json
 */
export function personOf(
  user: unknown,
  role: Identity["role"] | null,
  snapshot: Snapshot,
  now: number,
): Identity | null {
  if (typeof user !== "string" || userNameFault(user) !== null) return null;
  const entries = snapshot.entriesOf(user);
  const entry = entries.find((one) => isInForce(one, now));
  if (entries.length > 0 && entry === undefined) return null;
  const known = entry ?? parseEntry({ user }, "");
  return { ...known, role: role ?? known.role, hint: "", digest: null };
}

/** A claim's own value, never an inherited one. */
export function claimOf(claims: JWTPayload, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}

/** `admin` as text or in a list of texts; all else is a user. */
export function roleIn(claims: JWTPayload, name: string | null): Identity["role"] {
  if (name === null) return "user";
  const value = claimOf(claims, name);
  return value === "admin" || (Array.isArray(value) && value.includes("admin")) ? "admin" : "user";
}
