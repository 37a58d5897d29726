import type { IncomingHttpHeaders } from "node:http";
import { GatewayError } from "../errors.ts";
import { isInForce } from "../users/entry.ts";
import { keyIdOf } from "../users/key.ts";
import type { KeyEntry, Snapshot } from "../users/snapshot.ts";
import { backgroundTasks, type SpeaksFor } from "../users/speaks-for.ts";
import { userNameFault } from "../users/user-name.ts";
import type { BehindKey, Identity } from "./identity.ts";
import type { JwtCheck } from "./jwt.ts";
import { claimOf } from "./person.ts";

export type PeopleOptions = {
  /** The value of an environment variable. */
  secretOf: (name: string) => string | undefined;
  skewMs: number;
};

export type PeopleBehind = {
  /**
   * The person for whom a key speaks in this request; the key's own user where it names nobody. A
   * promise only for signed assertions. Throws or rejects with 401 `invalid_user_assertion`.
   */
  of(entry: KeyEntry, headers: IncomingHttpHeaders, now: number): Identity | Promise<Identity>;
};

/** The longest header that is looked at. */
const mostCharacters = 4_096;

/** Finds the people behind the keys that may speak for them (`speaks_for` in users.json). */
export function createPeopleBehind(users: () => Snapshot, options: PeopleOptions): PeopleBehind {
  const checks = new Map<string, Promise<JwtCheck>>();
  /** What the headers said before they were taken out: streams ask again who they are for. */
  const taken = new WeakMap<IncomingHttpHeaders, string | null>();

  /** Loaded with the first assertion. One check for each secret and issuer, which are few. */
  function checkOf(secret: string, issuer: string): Promise<JwtCheck> {
    const name = JSON.stringify([secret, issuer]);
    let check = checks.get(name);
    if (check === undefined) {
      check = import("./jwt.ts").then(({ createJwtCheck }) =>
        createJwtCheck({
          ...{ keys: null, secret, issuer, audience: null, algorithms: ["HS256"] },
          skewMs: options.skewMs,
        }),
      );
      checks.set(name, check);
    }
    return check;
  }

  async function signed(entry: KeyEntry, how: SpeaksFor, text: string | null, now: number) {
    const secret = options.secretOf(how.secretEnv ?? "");
    if (secret === undefined || secret.length < 16) {
      throw refused(`Set ${how.secretEnv} in the gateway's environment: 16 characters or more.`);
    }
    if (text === null) throw refused(`The program must sign its users: send ${how.header}.`);
    const check = await checkOf(secret, how.issuer);
    const claims = await check(text).catch(() => {
      const what = `an HS256 token of ${how.issuer} that has not expired, signed with ${how.secretEnv}`;
      throw refused(`${how.header} must be ${what}.`);
    });
    return personOf(entry, claimOf(claims, how.claim), how, users(), now);
  }

  return {
    of(entry, headers, now) {
      const how = entry.speaksFor;
      if (how === null) return entry;
      const known = taken.get(headers);
      const text = known === undefined ? textOf(headers[how.header]) : known;
      // It is for the gateway alone; an assertion is a credential.
      delete headers[how.header];
      taken.set(headers, text);
      const task = how.taskHeader === null ? null : textOf(headers[how.taskHeader]);
      if (task !== null && backgroundTasks.has(task)) headers["x-priority"] ??= "background";
      if (how.secretEnv !== null) return signed(entry, how, text, now);
      return text === null ? ownUser(entry) : personOf(entry, text, how, users(), now);
    },
  };
}

function textOf(header: string | string[] | undefined): string | null {
  return typeof header === "string" && header.trim() !== "" ? header.trim() : null;
}

/**
 * The person of this name. Their entry in users.json counts; without one they have the settings of
 * the key. They are never an administrator: the program vouches for a name, not for rights.
 */
function personOf(
  entry: KeyEntry,
  name: unknown,
  how: SpeaksFor,
  snapshot: Snapshot,
  now: number,
): Identity {
  if (typeof name !== "string") throw refused(`The assertion has no ${how.claim}.`);
  const fault = name.length > mostCharacters ? "the name is too long" : userNameFault(name);
  if (fault !== null) throw refused(`${how.header} names no user: ${fault}.`);
  if (name === entry.user) return { ...ownUser(entry), role: "user" };
  const own = snapshot.entriesOf(name);
  const inForce = own.find((one) => isInForce(one, now));
  if (own.length > 0 && inForce === undefined) {
    throw refused("This user is disabled. Ask the administrator of this gateway.");
  }
  const rights = inForce ?? entry;
  const { digest, hint } = entry;
  const behind = behindOf(entry, inForce !== undefined);
  const role = rights.role === "admin" ? "user" : rights.role;
  // The key's own address is not theirs: its owner would be told what they do.
  const notify = inForce?.notify ?? null;
  return { ...rights, user: name, role, notify, hint, digest, behind };
}

/** The key's own user: what bounds its people bounds them together with it. */
const ownUser = (entry: KeyEntry): Identity => ({ ...entry, behind: behindOf(entry, true) });

function behindOf(entry: KeyEntry, isKnown: boolean): BehindKey {
  const { user, limits, maxConcurrent, maxQueued, digest } = entry;
  return { user, limits, maxConcurrent, maxQueued, keyId: keyIdOf(digest), isKnown };
}

const refused = (text: string): GatewayError => new GatewayError("invalid_user_assertion", text);
