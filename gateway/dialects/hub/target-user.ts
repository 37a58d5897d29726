import { createHash } from "node:crypto";

/**
 * The name of a user as it is, or its hash where the upstream takes no such long one: the same for
 * the same user, and of no other.
 */
export function fittedUser(user: string, longest: number): string {
  if (user.length <= longest) return user;
  return createHash("sha256").update(user).digest("hex").slice(0, longest);
}
