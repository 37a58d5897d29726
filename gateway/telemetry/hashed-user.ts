import { hash } from "node:crypto";

/** A user for other machines, which need not know the name; the same for the same user. */
export function hashedUser(user: string): string {
  return `person-${hash("sha256", user, "hex").slice(0, 12)}`;
}
