import type { ChangeLog } from "../ledger/upkeep/change-log.ts";
import { userDifferences } from "../users/user-differences.ts";
import type { UserRow } from "../users/users-document.ts";

export type NoteChangeParts = { changes: Pick<ChangeLog, "note"> };

/** Notes what an edit of the users file changed: each user by themselves, without keys. */
export function noteUsers(
  { changes }: NoteChangeParts,
  who: string,
  action: string,
  before: readonly UserRow[],
  after: readonly UserRow[],
): void {
  for (const { user, ...different } of userDifferences(before, after)) {
    changes.note({ who, action, subject: user, ...different });
  }
}
