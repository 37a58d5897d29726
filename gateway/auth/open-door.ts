import { createHash } from "node:crypto";
import { GatewayError } from "../errors.ts";
import type { Snapshot } from "../users/snapshot.ts";
import { authenticate, CHALLENGE } from "./authenticate.ts";
import { credentialsOf } from "./credentials.ts";
import { type Asker, type Identify, isAssertionFault } from "./identify.ts";
import type { Identity } from "./identity.ts";
import type { RefuseForeignHost } from "./known-hosts.ts";
import { withholdKeys, withholdToken } from "./own-credentials.ts";
import { personOf } from "./person.ts";
import type { PeopleBehind } from "./person-behind.ts";

export type OpenDoorOptions = {
  /** Checks a key or token that was sent although none is required. */
  identify: Identify;
  users: () => Snapshot;
  people: PeopleBehind;
  /** A header that names the user; null is off. It is not checked, so any client can set it. */
  userHeader: string | null;
  /** The origins of web pages that may call (CORS_ORIGINS); `*` is any. */
  origins: readonly string[];
  /** Throws for a name that a foreign web page may have given the gateway. */
  refuseHost: RefuseForeignHost;
  now?: () => number;
};

/**
 * `auth: none`: anyone on the LAN may come in. A known key still names its user. Without one the
 * user is the header's name, a hash of the unknown key, or `anonymous`. A request through the
 * tunnel still needs a key, and so does a web page that CORS_ORIGINS does not name.
 */
export function createOpenDoor({
  identify,
  users,
  people,
  userHeader,
  origins,
  refuseHost,
  now = Date.now,
}: OpenDoorOptions): Identify {
  const unknown = ({ headers }: Asker): Identity => {
    refuseHost(headers.host);
    const named = userHeader === null ? undefined : headers[userHeader];
    const [key] = credentialsOf(headers).keys;
    const name = key === undefined ? "anonymous" : `key-${hashOf(key)}`;
    const known = (user: unknown) => personOf(user, "user", users(), now());
    return known(named) ?? known(name) ?? nobody();
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
    // Any web page could use the browser of a person on the LAN to ask.
    if (isPublic || isStrange(headers.origin)) {
      const known = identify(asker);
      withholdKeys(headers, users());
      return known instanceof Promise ? named(asker, known) : known;
    }
    try {
      const known = authenticate(headers, asker.query, users(), now());
      withholdKeys(headers, users());
      return known.speaksFor === null ? known : people.of(known, headers, now());
    } catch (error) {
      if (isAssertionFault(error)) throw error;
      return unknown(asker);
    }
  };
}

/** Long enough to tell people apart, and too short to find the key. */
const hashOf = (key: string): string => createHash("sha256").update(key).digest("hex").slice(0, 12);

/** users.json may disable the name of those who have none. */
function nobody(): never {
  throw new GatewayError("invalid_api_key", "This gateway asks for an API key.", CHALLENGE);
}
