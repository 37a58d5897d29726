import { createHash } from "node:crypto";
import type { Snapshot } from "../users/snapshot.ts";
import { authenticate } from "./authenticate.ts";
import { credentialsOf } from "./credentials.ts";
import type { Asker, Identify } from "./identify.ts";
import type { Identity } from "./identity.ts";
import { personOf } from "./person.ts";

export type OpenDoorOptions = {
  /** Who is known all the same. */
  identify: Identify;
  users: () => Snapshot;
  /** A header that names the user; null is off. Nobody's word is checked here, so anyone's counts. */
  userHeader: string | null;
  now?: () => number;
};

/**
 * `auth: none`: whoever is on the LAN may come in. A key that is known still names its user; others go
 * by the header, by a hash of the key they show, or as `anonymous`. What comes through the tunnel is
 * asked for a key as ever.
 */
export function createOpenDoor({
  identify,
  users,
  userHeader,
  now = Date.now,
}: OpenDoorOptions): Identify {
  const unknown = ({ headers }: Asker): Identity => {
    const named = userHeader === null ? undefined : headers[userHeader];
    const [key] = credentialsOf(headers).keys;
    const name = key === undefined ? "anonymous" : `key-${hashOf(key)}`;
    return personOf(named, "user", users()) ?? personOf(name, "user", users()) ?? nobody();
  };
  return (asker) => {
    if (asker.isPublic) return identify(asker);
    try {
      return authenticate(asker.headers, asker.query, users(), now());
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
