import { isInForce } from "../users/entry.ts";
import type { Snapshot } from "../users/snapshot.ts";
import type { Identity } from "./identity.ts";

/** Whether users.json, as it is now, would let in a user who was let in before. */
export type MayStay = (identity: Pick<Identity, "user" | "digest">, needsEntry: boolean) => boolean;

/**
 * Makes the check. A token that has expired in the meantime does not count: it was valid when the
 * request came. `needsEntry` false: a user who comes without a key may stay without an entry.
 */
export function createMayStay(users: () => Snapshot, now: () => number = Date.now): MayStay {
  return ({ user, digest }, needsEntry) => {
    const snapshot = users();
    if (digest !== null) {
      const entry = snapshot.find(digest);
      return entry !== null && entry.user === user && isInForce(entry, now());
    }
    const entries = snapshot.entriesOf(user);
    if (entries.length === 0) return !needsEntry;
    return entries.some((entry) => isInForce(entry, now()));
  };
}
