import { createHash } from "node:crypto";
import type { Snapshot } from "../users/snapshot.ts";
import { authenticate } from "./authenticate.ts";
import { credentialsOf } from "./credentials.ts";
import type { Asker, Identify } from "./identify.ts";
import type { Identity } from "./identity.ts";
import { withholdKeys, withholdToken } from "./own-credentials.ts";
import { personOf } from "./person.ts";

export type OpenDoorOptions = {
  /** Who is known all the same. */
  identify: Identify;
  users: () => Snapshot;
  /** A header that names the user; null is off. Nobody's word is checked here, so anyone's counts. */
  userHeader: string | null;
  /** Of web pages that may call (CORS_ORIGINS); `*` is any. */
  origins: readonly string[];
  now?: () => number;
};

/**
 * `auth: none`: whoever is on the LAN may come in. A key that is known still names its user; others go
 * by the header, by a hash of the key they show, or as `anonymous`. What comes through the tunnel is
 * asked for a key as ever, and so is a web page that CORS_ORIGINS does not name.
 */
export function createOpenDoor({
  identify,
  users,
  userHeader,
  origins,
  now = Date.now,
}: OpenDoorOptions): Identify {
  const unknown = ({ headers }: Asker): Identity => {
    const named = userHeader === null ? undefined : headers[userHeader];
    const [key] = credentialsOf(headers).keys;
    const name = key === undefined ? "anonymous" : `key-${hashOf(key)}`;
    return personOf(named, "user", users()) ?? personOf(name, "user", users()) ?? nobody();
  };
  const isStrange = (origin: string | undefined): boolean =>
    origin !== undefined && !origins.includes("*") && !origins.includes(origin);

  async function named(asker: Asker, pending: Promise<Identity>): Promise<Identity> {
    const identity = await pending;
    withholdToken(asker.headers);
    return identity;
  }

  return (asker) => {
    const { headers, isPublic } = asker;
    // Any page that somebody on the LAN looks at could ask by their browser.
    if (isPublic || isStrange(headers.origin)) {
      const known = identify(asker);
      withholdKeys(headers, users());
      return known instanceof Promise ? named(asker, known) : known;
    }
    try {
      const known = authenticate(headers, asker.query, users(), now());
      withholdKeys(headers, users());
      return known;
    } catch {
      return unknown(asker);
    }
  };
}

/** Enough to tell people apart, and nothing to find the key by. */
const hashOf = (key: string): string => createHash("sha256").update(key).digest("hex").slice(0, 12);

function nobody(): never {
  throw new Error("an anonymous user has a name");
}
