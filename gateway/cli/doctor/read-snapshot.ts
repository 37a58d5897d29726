import { parseUsers } from "../../users/snapshot.ts";

/** How many may use the gateway, or why the text is no users file. */
export function readSnapshot(read: () => string): { users: number; keys: number } | string {
  try {
    const { users, keys } = parseUsers(read());
    return { users, keys };
  } catch (error) {
    return error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  }
}
