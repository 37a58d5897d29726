import type { IncomingMessage } from "node:http";
import type { GatewayError } from "../errors.ts";
import { addressOf, type Doors, isPublicRequest, passedPorts, peerOf } from "../exchange.ts";
import { digestOf } from "../users/key.ts";
import type { UserDirectory } from "../users/user-directory.ts";
import { createGuessLimit } from "./guess-limit.ts";
import { checkAssertion, createIdentify, type IdentifyOptions } from "./identify.ts";
import type { Identity } from "./identity.ts";
import { createKnownHosts } from "./known-hosts.ts";
import { createNetworks } from "./networks.ts";
import { createOpenDoor } from "./open-door.ts";
import { createPeopleBehind } from "./person-behind.ts";

export type AccessOptions = TokenOptions &
  CloudflareOptions & {
    readonly users: Pick<UserDirectory, "read">;
    /** The port in use; null while there is none. */
    readonly publicPort: () => number | null;
    /** `auth: none`: on the LAN nobody needs a key. */
    readonly isOpen: boolean;
    readonly trustedProxies: readonly string[];
    readonly userHeader: string | null;
    readonly corsOrigins: readonly string[];
    /** The value of an environment variable: the secret of a program that signs its users. */
    readonly secretOf: (name: string) => string | undefined;
    readonly allowedHosts: readonly string[];
    /** The operator's own names for the gateway: HOST and PUBLIC_URL. */
    readonly host: string | null;
    readonly publicUrl: string | null;
  };

type TokenOptions = {
  readonly jwtJwksUrl: string | null;
  readonly jwtSecret: string | null;
  readonly jwtIssuer: string | null;
  readonly jwtAudience: string | null;
  readonly jwtAlgorithms: readonly string[];
  readonly jwtClockSkewMs: number;
  readonly jwtUserClaim: string;
  readonly jwtRoleClaim: string | null;
};

type CloudflareOptions = {
  readonly cfAccessTeam: string | null;
  readonly cfAccessAud: string | null;
  readonly cfAccessRequired: NonNullable<IdentifyOptions["access"]>["required"];
};

/** The ways in. */
export type Access = {
  /** Finds out who asks; a promise only for tokens. Throws or rejects with 401 or 429. */
  authenticate(request: IncomingMessage): Identity | Promise<Identity>;
  doors: Doors;
  /** Rejects a request from outside that lacks the sign-in which CF_ACCESS_REQUIRED asks for. */
  admitStranger(request: IncomingMessage): Promise<void>;
  /** Counts a wrong secret of the request's address; the 429 to answer after too many, or null. */
  guessed(request: IncomingMessage, secret: string): GatewayError | null;
  /** Throws 421 for a foreign `Host`; for what needs no key. PUBLIC_PORT answers to any name. */
  refuseForeignHost(request: IncomingMessage): void;
};

/**
 * Opens the ways in.
 * @throws Error with one line if one of several settings that belong together is missing
 */
export async function openAccess(options: AccessOptions): Promise<Access> {
  const { users, publicPort, isOpen, userHeader, corsOrigins: origins } = options;
  const isTrusted = createNetworks(options.trustedProxies);
  const doors: Doors = {
    isTrusted,
    isPublicPort: (port) =>
      port === passedPorts.public || (port !== undefined && port === publicPort()),
  };
  const refuseHost = createKnownHosts([...options.allowedHosts, ...ownNames(options)]);
  const guesses = createGuessLimit();
  const cloudflare = await cloudflareOf(options);
  const people = createPeopleBehind(() => users.read(), {
    ...{ secretOf: options.secretOf, skewMs: options.jwtClockSkewMs },
  });
  const strict = createIdentify({
    users: () => users.read(),
    people,
    guesses,
    userHeader,
    jwt: await jwtOf(options),
    access: cloudflare,
  });
  const identify = isOpen
    ? createOpenDoor({
        identify: strict,
        people,
        users: () => users.read(),
        userHeader,
        origins,
        refuseHost,
      })
    : strict;
  return {
    doors,
    async admitStranger(request) {
      if (isPublicRequest(request, doors)) await checkAssertion(cloudflare, request.headers);
    },
    guessed: (request, secret) =>
      guesses.failed(addressOf(request, doors), digestOf(secret), Date.now()),
    refuseForeignHost({ socket, headers }) {
      if (!doors.isPublicPort(socket.localPort)) refuseHost(headers.host);
    },
    authenticate(request) {
      const query = request.url?.includes("?") ? (request.url.split("?", 2)[1] ?? "") : "";
      return identify({
        headers: request.headers,
        query: query && `?${query}`,
        isPublic: isPublicRequest(request, doors),
        address: addressOf(request, doors),
        isProxied: isTrusted(peerOf(request)),
      });
    },
  };
}

/** Names that the settings themselves give the gateway, in lower case. */
function ownNames({ host, publicUrl }: Pick<AccessOptions, "host" | "publicUrl">): string[] {
  const own = host === null ? [] : [host.toLowerCase()];
  if (publicUrl !== null && URL.canParse(publicUrl)) own.push(new URL(publicUrl).hostname);
  return own;
}

/** Loaded only if tokens are in use: the start need not wait for it otherwise. */
async function tokenParts() {
  const [{ createJwtCheck }, { createKeySet }] = await Promise.all([
    import("./jwt.ts"),
    import("./key-set.ts"),
  ]);
  return { createJwtCheck, createKeySet };
}

async function jwtOf(settings: TokenOptions): Promise<IdentifyOptions["jwt"]> {
  const { jwtJwksUrl: url, jwtSecret: secret, jwtIssuer: issuer } = settings;
  const { jwtAudience: audience, jwtAlgorithms: algorithms, jwtClockSkewMs: skewMs } = settings;
  if (url === null && secret === null) return null;
  // Without them any token of the same signer would do, even one made for another service.
  if (issuer === null || audience === null) {
    throw new Error("JWTs need JWT_ISSUER and JWT_AUDIENCE beside JWT_JWKS_URL or JWT_SECRET");
  }
  const { createJwtCheck, createKeySet } = await tokenParts();
  const keys = url === null ? null : createKeySet({ url });
  const check = createJwtCheck({ keys, secret, issuer, audience, algorithms, skewMs });
  return { check, userClaim: settings.jwtUserClaim, roleClaim: settings.jwtRoleClaim };
}

async function cloudflareOf(settings: CloudflareOptions): Promise<IdentifyOptions["access"]> {
  const { cfAccessTeam: issuer, cfAccessAud: audience, cfAccessRequired: required } = settings;
  if (issuer === null && audience === null && required === "off") return null;
  if (issuer === null || audience === null) {
    throw new Error("Cloudflare Access needs both CF_ACCESS_TEAM and CF_ACCESS_AUD");
  }
  const { createJwtCheck, createKeySet } = await tokenParts();
  const keys = createKeySet({ url: `${issuer}/cdn-cgi/access/certs` });
  const algorithms = ["RS256"];
  const check = createJwtCheck({
    keys,
    secret: null,
    issuer,
    audience,
    algorithms,
    skewMs: 60_000,
  });
  return { check, required };
}
