import { isInForce } from "../users/entry.ts";
import type { Snapshot } from "../users/snapshot.ts";
import type { Identity } from "./identity.ts";

/** Whether users.json, as it is now, would let in a user who was let in before. */
export type MayStay = (
  identity: Pick<Identity, "user" | "digest" | "behind">,
  needsEntry: boolean,
) => boolean;

/**
 * Makes the check. A token that has expired in the meantime does not count: it was valid when the
 * request came. `needsEntry` false: a user who comes without a key of their own needs no entry.
 */
export function createMayStay(users: () => Snapshot, now: () => number = Date.now): MayStay {
  return ({ user, digest, behind }, needsEntry) => {
    const snapshot = users();
    if (digest !== null) {
      const entry = snapshot.find(digest);
      const name = behind?.user ?? user;
      const isKey = entry !== null && entry.user === name && isInForce(entry, now());
      // A person behind the key may be removed or disabled by their own name, too.
      if (!isKey || behind === undefined) return isKey;
    }
    const entries = snapshot.entriesOf(user);
    if (entries.length === 0) return !needsEntry;
    return entries.some((entry) => isInForce(entry, now()));
  };
}
