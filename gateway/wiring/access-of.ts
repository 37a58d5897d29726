import type { IncomingMessage } from "node:http";
import { addressGroup } from "../auth/address-group.ts";
import { createGuessLimit } from "../auth/guess-limit.ts";
import { createIdentify, type IdentifyOptions } from "../auth/identify.ts";
import type { Identity } from "../auth/identity.ts";
import { createNetworks } from "../auth/networks.ts";
import { createOpenDoor } from "../auth/open-door.ts";
import { addressOf, type Doors, isPublicRequest, peerOf } from "../exchange.ts";
import { type ConnectionLimit, createConnectionLimit } from "../limits/connections.ts";
import type { Settings } from "../settings/settings-table.ts";
import type { UserDirectory } from "../users/user-directory.ts";

/** Who comes in, by which door. */
export type Access = {
  authenticate(request: IncomingMessage): Identity | Promise<Identity>;
  doors: Doors;
  connections: ConnectionLimit;
};

/**
 * The ways in, as the settings have them.
 * @param publicPort the port in use; null while there is none
 * @param isOpen `auth: none`: on the LAN nobody needs a key
 * @throws Error with one line where settings that need each other are not all there
 */
export async function accessOf(
  settings: Settings,
  users: UserDirectory,
  publicPort: () => number | null,
  isOpen: boolean,
): Promise<Access> {
  const isTrusted = createNetworks(settings.trustedProxies);
  const doors: Doors = {
    isTrusted,
    isPublicPort: (port) => port !== undefined && port === publicPort(),
  };
  const strict = createIdentify({
    users: () => users.read(),
    guesses: createGuessLimit(),
    userHeader: settings.userHeader,
    jwt: await jwtOf(settings),
    access: await cloudflareOf(settings),
  });
  const { userHeader, corsOrigins: origins } = settings;
  const identify = isOpen
    ? createOpenDoor({ identify: strict, users: () => users.read(), userHeader, origins })
    : strict;
  return {
    doors,
    authenticate(request) {
      const query = request.url?.split("?", 2)[1] ?? "";
      return identify({
        headers: request.headers,
        query: query && `?${query}`,
        isPublic: isPublicRequest(request, doors),
        address: addressOf(request, doors),
        isProxied: isTrusted(peerOf(request)),
      });
    },
    connections: createConnectionLimit({
      most: settings.maxConnectionsPerAddress,
      isExempt: isTrusted,
      group: addressGroup,
    }),
  };
}

/** Loaded where tokens count: the start of others need not wait for it. */
async function tokenParts() {
  const [{ createJwtCheck }, { createKeySet }] = await Promise.all([
    import("../auth/jwt.ts"),
    import("../auth/key-set.ts"),
  ]);
  return { createJwtCheck, createKeySet };
}

async function jwtOf(settings: Settings): Promise<IdentifyOptions["jwt"]> {
  const { jwtJwksUrl: url, jwtSecret: secret, jwtIssuer: issuer } = settings;
  const { jwtAudience: audience, jwtAlgorithms: algorithms, jwtClockSkewMs: skewMs } = settings;
  if (url === null && secret === null) return null;
  // Without them any token of the same signer would do, whoever it was made for.
  if (issuer === null || audience === null) {
    throw new Error("JWTs need JWT_ISSUER and JWT_AUDIENCE beside JWT_JWKS_URL or JWT_SECRET");
  }
  const { createJwtCheck, createKeySet } = await tokenParts();
  const keys = url === null ? null : createKeySet({ url });
  const check = createJwtCheck({ keys, secret, issuer, audience, algorithms, skewMs });
  return { check, userClaim: settings.jwtUserClaim, roleClaim: settings.jwtRoleClaim };
}

async function cloudflareOf(settings: Settings): Promise<IdentifyOptions["access"]> {
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
