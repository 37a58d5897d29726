import { isInForce } from "../users/entry.ts";
import type { Snapshot } from "../users/snapshot.ts";
import type { Identity } from "./identity.ts";

/**
 * Whether users.json would still let in a user who was let in before. A token that has expired in
 * the meantime does not count: it was valid when the request came.
 * @param now epoch ms
 * @param needsEntry false: who comes without a key may stay without an entry
 */
export function mayStay(
  { user, digest }: Pick<Identity, "user" | "digest">,
  snapshot: Snapshot,
  now: number,
  needsEntry: boolean = false,
): boolean {
  if (digest !== null) {
    const entry = snapshot.find(digest);
    return entry !== null && entry.user === user && isInForce(entry, now);
  }
  const entries = snapshot.entriesOf(user);
  if (entries.length === 0) return !needsEntry;
  return entries.some((entry) => isInForce(entry, now));
}
