import { GatewayError } from "../errors.ts";
import { writtenOf } from "../kinds/written.ts";
import { readLimitFields } from "../limits/limit-fields.ts";
import { type Edited, editUsersFile, UsersFileChanged } from "../users/edit-users-file.ts";
import { InviteError } from "../users/invites.ts";
import { hasAdministrator, UserChangeError } from "../users/people.ts";
import type { UserRow } from "../users/users-document.ts";
import type { Viewer } from "./gateway-call.ts";
import { type NoteChangeParts, noteUsers } from "./note-change.ts";

export type ChangeUsersParts = NoteChangeParts & {
  /** The path of the users file; null while API_KEY is the only key. */
  usersFile(): string | null;
};

/** @throws GatewayError 403 unless an administrator asks, from the LAN */
export function refuseOthers({ isAdmin }: Viewer, what: string): void {
  if (isAdmin) return;
  throw new GatewayError("not_allowed", `Only an administrator on the LAN may ${what}.`);
}

/**
 * Edits the users file for an administrator. If a person's editor saved the file in between, the
 * edit is made again, on what that person wrote. What it changed is noted under `action`.
 * @throws GatewayError 400, 404 or 409 for a change that cannot be made, 503 for a file that cannot
 * be written
 */
export async function changeUsers<T>(
  parts: ChangeUsersParts,
  { identity }: Viewer,
  action: string,
  edit: (rows: UserRow[]) => Edited<T>,
): Promise<T> {
  const file = usersFileOf(parts);
  let before: readonly UserRow[] = [];
  let after: readonly UserRow[] = [];
  const guarded = (rows: UserRow[]): Edited<T> => {
    const edited = edit(rows);
    const now = Date.now();
    if (hasAdministrator(rows, now) && !hasAdministrator(edited.rows, now)) {
      const text = "This is the last key of an administrator. Make another administrator first.";
      throw new UserChangeError("conflict", text);
    }
    before = rows;
    after = edited.rows;
    return edited;
  };
  const result = await patiently(() => editUsersFile(file, guarded));
  noteUsers(parts, identity.user, action, before, after);
  return result;
}

/** @throws GatewayError 409 while there is no users file */
export function usersFileOf({ usersFile }: ChangeUsersParts): string {
  const file = usersFile();
  if (file !== null) return file;
  const text = "There is no users file: API_KEY is the only key. Make one first: users add NAME.";
  throw new GatewayError("conflict", text);
}

const mostTries = 3;

/** Tries again where the file changed meanwhile, and says the rest as errors of the call. */
export async function patiently<T>(change: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await change();
    } catch (error) {
      if (!(error instanceof UsersFileChanged) || tries === mostTries) throw said(error);
    }
  }
}

const codes = { missing: "not_found", conflict: "conflict", fields: "invalid_request" } as const;
const inviteCodes = { unknown: "invalid_invite", expired: "invite_expired" } as const;

function said(error: unknown): GatewayError {
  if (error instanceof GatewayError) return error;
  if (error instanceof UserChangeError) {
    const param = /^"(\w+)"/.exec(error.message)?.[1] ?? null;
    return new GatewayError(codes[error.reason], error.message, { param });
  }
  if (error instanceof InviteError) {
    return new GatewayError(inviteCodes[error.reason], `${error.message} Ask for a new one.`);
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new GatewayError("users_file_unusable", `The users cannot be changed: ${reason}.`, {
    cause: error,
    headers: { "retry-after": "5" },
  });
}

/** @throws GatewayError 400 for limits that the gateway would not count */
export function refuseWrongLimits(limits: unknown): void {
  if (limits === undefined || limits === null) return;
  readLimitFields(writtenOf(limits, "the request"), "limits:", (_at, says) => {
    throw new GatewayError("invalid_request", `${says}.`, { param: "limits" });
  });
}
