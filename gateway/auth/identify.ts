import type { IncomingHttpHeaders } from "node:http";
import type { JWTPayload } from "jose";
import { GatewayError } from "../errors.ts";
import { digestOf } from "../users/key.ts";
import type { Snapshot } from "../users/snapshot.ts";
import { authenticate, CHALLENGE } from "./authenticate.ts";
import { credentialsOf, looksLikeJwt } from "./credentials.ts";
import type { GuessLimit } from "./guess-limit.ts";
import type { Identity } from "./identity.ts";
import type { JwtCheck } from "./jwt.ts";
import { claimOf, personOf, roleIn } from "./person.ts";
import type { PeopleBehind } from "./person-behind.ts";

/** What is known of a request before its user is known. */
export type Asker = {
  headers: IncomingHttpHeaders;
  /** `""` or `?a=b` */
  query: string;
  isPublic: boolean;
  /** The client's address. */
  address: string;
  /** True if the socket's other end is a trusted proxy. */
  isProxied: boolean;
};

export type IdentifyOptions = {
  users: () => Snapshot;
  guesses: GuessLimit;
  /** The header in which trusted proxies name the user, in lower case; null is off. */
  userHeader: string | null;
  jwt: { check: JwtCheck; userClaim: string; roleClaim: string | null } | null;
  /** Finds the people behind a key. */
  people: PeopleBehind;
  access: { check: JwtCheck; required: "off" | "with_key" | "instead_of_key" } | null;
  now?: () => number;
};

/**
 * Finds the identity of a request. A key is checked synchronously; only a token needs a promise.
 */
export type Identify = (asker: Asker) => Identity | Promise<Identity>;

/** The header with Cloudflare Access's assertion. */
const assertionHeader = "cf-access-jwt-assertion";

/**
 * Tries the ways in, in this order: a key, a JWT, a Cloudflare Access assertion, a trusted proxy's
 * header. If Access is required, a request through the tunnel needs its assertion first. Throws or
 * rejects with 401. After many wrong credentials from one address it is 429.
 */
export function createIdentify(options: IdentifyOptions): Identify {
  const { users, guesses, userHeader, jwt, access, people, now = Date.now } = options;

  function refusal(asker: Asker, error: unknown): unknown {
    if (!(error instanceof GatewayError) || error.status !== 401) return error;
    // The key was right; what is wrong is how the program is set up.
    if (isAssertionFault(error)) return error;
    const tried = [...credentialsOf(asker.headers).keys, assertionOf(asker) ?? []].flat();
    if (tried.length === 0) return error;
    return guesses.failed(asker.address, digestOf(tried.join(" ")), now()) ?? error;
  }

  function byKey({ headers, query }: Asker): Identity | Promise<Identity> {
    const entry = authenticate(headers, query, users(), now());
    return entry.speaksFor === null ? entry : people.of(entry, headers, now());
  }

  /** A header is never believed from the tunnel: anyone on the internet could send it. */
  function byProxy({ headers, isProxied, isPublic }: Asker): Identity | null {
    if (userHeader === null || !isProxied || isPublic) return null;
    return personOf(headers[userHeader], "user", users(), now());
  }

  async function byJwt(token: string): Promise<Identity> {
    if (jwt === null) throw wrongToken();
    const claims = await checked(jwt.check, token);
    const role = roleIn(claims, jwt.roleClaim);
    return personOf(claimOf(claims, jwt.userClaim), role, users(), now()) ?? unwelcome();
  }

  /** A person's assertion has an email, a service token's a common name. */
  async function byAccess(assertion: string | null): Promise<Identity> {
    if (access === null || assertion === null) throw noAssertion();
    const claims = await checked(access.check, assertion);
    const email = claimOf(claims, "email");
    const name = email === undefined || email === "" ? claimOf(claims, "common_name") : email;
    return personOf(name, null, users(), now()) ?? unwelcome();
  }

  async function inPublic(asker: Asker): Promise<Identity> {
    const person = await byAccess(assertionOf(asker));
    return access?.required === "instead_of_key" ? person : await anyWay(asker, false);
  }

  /** @param takesAssertion where Access is no way in of its own, a key or a JWT is needed */
  function anyWay(asker: Asker, takesAssertion: boolean): Identity | Promise<Identity> {
    try {
      return byKey(asker);
    } catch (error) {
      if (isAssertionFault(error)) throw error;
      const token = jwt === null ? undefined : credentialsOf(asker.headers).keys.find(looksLikeJwt);
      if (token !== undefined) return byJwt(token);
      const assertion = takesAssertion && access !== null ? assertionOf(asker) : null;
      if (assertion !== null) return byAccess(assertion);
      const proxied = byProxy(asker);
      if (proxied !== null) return proxied;
      throw error;
    }
  }

  return (asker) => {
    try {
      const needsAccess = asker.isPublic && access !== null && access.required !== "off";
      const found = needsAccess ? inPublic(asker) : anyWay(asker, true);
      if (!(found instanceof Promise)) return found;
      return found.catch((error: unknown) => {
        throw refusal(asker, error);
      });
    } catch (error) {
      throw refusal(asker, error);
    }
  };
}

/** The key was right, and what it says about the person behind it is wrong. */
export const isAssertionFault = (error: unknown): boolean =>
  error instanceof GatewayError && error.code === "invalid_user_assertion";

/**
 * Checks the assertion of someone from outside who has no key.
 * @throws GatewayError 401 if Access is required and the assertion is missing or not valid
 */
export async function checkAssertion(
  access: IdentifyOptions["access"],
  headers: IncomingHttpHeaders,
): Promise<void> {
  if (access === null || access.required === "off") return;
  const assertion = assertionOf({ headers });
  if (assertion === null) throw noAssertion();
  await checked(access.check, assertion);
}

function assertionOf({ headers }: Pick<Asker, "headers">): string | null {
  const assertion = headers[assertionHeader];
  return typeof assertion === "string" && assertion !== "" ? assertion : null;
}

/** The client does not learn what is wrong with its token, because that would help to forge one. */
async function checked(check: JwtCheck, token: string): Promise<JWTPayload> {
  try {
    return await check(token);
  } catch {
    throw wrongToken();
  }
}

const wrongToken = (): GatewayError =>
  new GatewayError(
    "invalid_api_key",
    "The token is not valid for this gateway, or it has expired.",
    CHALLENGE,
  );

const noAssertion = (): GatewayError =>
  new GatewayError(
    "invalid_api_key",
    "Requests from outside must sign in through Cloudflare Access.",
    CHALLENGE,
  );

function unwelcome(): never {
  throw new GatewayError(
    "invalid_api_key",
    "The token is valid, but its user is not allowed here.",
    CHALLENGE,
  );
}
