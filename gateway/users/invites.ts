import { randomBytes } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { isJsonObject, jsonOrNull } from "../json-object.ts";
import { editUsersFile } from "./edit-users-file.ts";
import { digestOf, keyIdOf, newKey } from "./key.ts";
import { addPerson, UserChangeError } from "./people.ts";
import { replaceFile, targetOf } from "./replace-file.ts";
import type { EntryFields } from "./users-document.ts";

/** An invite that was not used yet. */
export type Invite = {
  /** Names it in the API; no secret. */
  readonly id: string;
  readonly user: string;
  /** Epoch ms. */
  readonly expires: number;
  /** What the user will be: the fields of their entry in users.json. */
  readonly fields: EntryFields;
};

/** An invite that does not exist, or no longer. */
export class InviteError extends Error {
  readonly reason: "unknown" | "expired";

  constructor(reason: InviteError["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}

export type Invites = {
  /** The open invites, the oldest first. */
  list(now: number): Invite[];
  /**
   * Makes an invite for a new user. Its secret is shown once, and stored as a hash.
   * @throws UserChangeError if the name is taken or a field is wrong
   */
  make(
    fields: EntryFields,
    expires: number,
    now: number,
  ): Promise<{ invite: Invite; secret: string }>;
  /** Takes an invite back. False if there is none of this id. */
  withdraw(id: string, now: number): Promise<boolean>;
  /**
   * Uses an invite up: makes its user, and the user's first key.
   * @throws InviteError if there is no such invite, UserChangeError if the name is taken by now
   */
  redeem(secret: string, now: number): Promise<{ user: string; key: string }>;
};

/** One administrator makes few; a page that runs wild must not fill the disk. */
const mostOpen = 1_000;

/**
 * The invites, in `invites.json` beside the users file, only by the hash of their secret. The lock
 * of the users file guards both files, so that an invite makes one user, however often and at once
 * it is used.
 */
export function createInvites(usersFile: string): Invites {
  const file = join(dirname(targetOf(usersFile)), "invites.json");

  /** Runs under the lock. What `edit` leaves in the map is written, without the expired ones. */
  const editing = <T>(now: number, edit: (open: Map<string, Invite>) => T): Promise<T> =>
    editUsersFile(usersFile, (rows) => ({ rows, result: editInvites(file, now, edit) }));

  return {
    list: (now) => [...readInvites(file).values()].filter(({ expires }) => expires > now),
    make(fields, expires, now) {
      const secret = randomBytes(16).toString("base64url");
      return editUsersFile(usersFile, (rows) => {
        // Whether the user could be made: the same check as when the invite is used.
        addPerson(rows, newKey(), fields);
        const invite = { id: "", user: String(fields.user), expires, fields };
        const result = editInvites(file, now, (open) => {
          if (open.size >= mostOpen) {
            throw new UserChangeError(
              "conflict",
              `There are ${mostOpen} open invites. Withdraw some.`,
            );
          }
          const digest = digestOf(secret);
          open.set(digest, invite);
          return { invite: { ...invite, id: keyIdOf(digest) }, secret };
        });
        return { rows, result };
      });
    },
    withdraw: (id, now) =>
      editing(now, (open) => {
        const digest = [...open.keys()].find((one) => keyIdOf(one) === id);
        return digest !== undefined && open.delete(digest);
      }),
    async redeem(secret, now) {
      const digest = digestOf(secret);
      let taken: Invite | null = null;
      try {
        return await editUsersFile(usersFile, (rows) => {
          const invite = readInvites(file).get(digest);
          if (invite === undefined)
            throw new InviteError("unknown", "There is no such invite, or it was used.");
          if (invite.expires <= now) throw new InviteError("expired", "The invite has expired.");
          const key = newKey();
          const edited = addPerson(rows, key, invite.fields);
          editInvites(file, now, (open) => open.delete(digest));
          taken = invite;
          return { rows: edited.rows, result: { user: invite.user, key } };
        });
      } catch (error) {
        // The users file could not be written: the invite can be used again.
        const lost: Invite | null = taken;
        if (lost !== null) await editing(now, (open) => open.set(digest, lost));
        throw error;
      }
    },
  };
}

function editInvites<T>(file: string, now: number, edit: (open: Map<string, Invite>) => T): T {
  const known = readInvites(file);
  const open = new Map([...known].filter(([, { expires }]) => expires > now));
  const result = edit(open);
  const isSame = open.size === known.size && [...open.keys()].every((digest) => known.has(digest));
  if (!isSame) replaceFile(targetOf(file), textOf(open));
  return result;
}

function textOf(open: ReadonlyMap<string, Invite>): string {
  const entries = Array.from(open, ([digest, { expires, fields }]) => [
    `sha256:${digest}`,
    { ...fields, invite_expires: new Date(expires).toISOString() },
  ]);
  return `${JSON.stringify(Object.fromEntries(entries), null, 2)}\n`;
}

/** By the digest of their secrets, in the order in which they were made. */
function readInvites(file: string): Map<string, Invite> {
  if (statSync(file, { throwIfNoEntry: false }) === undefined) return new Map();
  const written = jsonOrNull(readFileSync(file, "utf8"));
  if (!isJsonObject(written)) throw new Error(`${file} is not valid JSON; remove it`);
  return new Map(
    Object.entries(written).flatMap(([name, value]) => {
      if (!isJsonObject(value)) return [];
      const { invite_expires: end, ...fields } = value;
      const digest = name.replace(/^sha256:/, "");
      const expires = typeof end === "string" ? Date.parse(end) : Number.NaN;
      if (!/^[0-9a-f]{64}$/.test(digest) || Number.isNaN(expires)) return [];
      return [
        [digest, { id: keyIdOf(digest), user: String(fields.user), expires, fields }] as const,
      ];
    }),
  );
}
