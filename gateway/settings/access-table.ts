import {
  accessTeam,
  algorithms,
  claim,
  headerName,
  jwksUrl,
  limitsSection,
  networks,
  origins,
  sharedSecret,
  yesOrNo,
} from "./access-kinds.ts";
import type { AccessSettings } from "./access-settings.ts";
import { kind, orNothing, orOff, WrongValue } from "./kind.ts";
import { choice, count, duration, wholeNumber } from "./kinds.ts";
import type { Setting } from "./setting.ts";

const tokens = wholeNumber(0, 1e12, "must be a whole number");
const minutes = kind((text) => {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value > 0 && value <= 44_640) return Math.round(value * 60_000);
  throw new WrongValue("must be minutes, above 0 and at most 44640 (31 days)");
});

/** Who may, and how much. */
export const accessTable: {
  readonly [Name in keyof AccessSettings]: Setting<AccessSettings[Name]>;
} = {
  enableRateLimiting: {
    env: "ENABLE_RATE_LIMITING",
    about: "whether the limits below count for everybody; those of a role or a user always do",
    schema: yesOrNo,
    default: "false",
  },
  rateLimitWindowMs: {
    env: "RATE_LIMIT_WINDOW_MIN",
    about: "the sliding window of limits, in minutes",
    schema: minutes,
    default: "60",
  },
  maxTokens: {
    env: "MAX_TOKENS",
    about: "tokens of one user in a window, prompts and answers together",
    schema: orOff(tokens),
    default: "1000",
  },
  maxRequests: {
    env: "MAX_REQUESTS",
    about: "generations of one user in a window",
    schema: orOff(tokens),
    default: "off",
    example: "100",
  },
  maxTokensPerDay: {
    env: "MAX_TOKENS_PER_DAY",
    about: "tokens of one user in any 24 hours",
    schema: orOff(tokens),
    default: "off",
    example: "100000",
  },
  maxTokensPerMonth: {
    env: "MAX_TOKENS_PER_MONTH",
    about: "tokens of one user in any 30 days",
    schema: orOff(tokens),
    default: "off",
    example: "1000000",
  },
  maxUpstreamSeconds: {
    env: "MAX_UPSTREAM_SECONDS",
    about: "seconds of the upstream's time for one user in a window",
    schema: orOff(tokens),
    default: "off",
    example: "1800",
  },
  rateLimitMode: {
    env: "RATE_LIMIT_MODE",
    about: "at a limit: refuse with 429, or slow, which waits behind all who are inside theirs",
    schema: choice(["refuse", "slow"]),
    default: "refuse",
  },
  limits: {
    env: "LIMITS",
    about: "further limits, for everybody and by role; always count",
    section: true,
    schema: limitsSection,
    default: "off",
    example: '{"roles":{"admin":{"tokens":null}}}',
  },
  trustedProxies: {
    env: "TRUSTED_PROXIES",
    about: "proxies whose X-Forwarded-For and USER_HEADER are believed: addresses, networks",
    schema: networks,
    default: "off",
    example: "192.168.1.10,10.0.0.0/8",
  },
  userHeader: {
    env: "USER_HEADER",
    about: "a header in which a trusted proxy names the user, who then needs no key",
    schema: orOff(headerName),
    default: "off",
    example: "user",
  },
  publicAdmin: {
    env: "PUBLIC_ADMIN",
    about: "whether health, metrics and admin calls answer to the tunnel too",
    schema: yesOrNo,
    default: "false",
  },
  maxConnectionsPerAddress: {
    env: "MAX_CONNECTIONS_PER_ADDRESS",
    about: "open connections of one address; trusted proxies and the tunnel are not counted",
    schema: orOff(count),
    default: "1024",
  },
  corsOrigins: {
    env: "CORS_ORIGINS",
    about: "web pages that may call the gateway from a browser: origins, or *",
    schema: origins,
    default: "off",
    example: "https://chat.example.com",
  },
  jwtJwksUrl: {
    env: "JWT_JWKS_URL",
    about: "where the public keys of JWTs are; turns JWTs on",
    schema: orOff(jwksUrl),
    default: "off",
    example: "https://login.example.com/.well-known/jwks.json",
  },
  jwtSecret: {
    env: "JWT_SECRET",
    about: "the shared secret of JWTs (HS256 and kin), 32 characters or more; turns JWTs on",
    secret: true,
    schema: orNothing(sharedSecret),
    default: "",
    example: "...",
  },
  jwtIssuer: {
    env: "JWT_ISSUER",
    about: "who must have issued a JWT; needed with JWTs",
    schema: orOff(claim),
    default: "off",
    example: "https://login.example.com/",
  },
  jwtAudience: {
    env: "JWT_AUDIENCE",
    about: "for whom a JWT must be; needed with JWTs",
    schema: orOff(claim),
    default: "off",
    example: "llm-gateway",
  },
  jwtAlgorithms: {
    env: "JWT_ALGORITHMS",
    about: "the algorithms a JWT may be signed with",
    schema: algorithms,
    default: "RS256,ES256,EdDSA,HS256",
  },
  jwtUserClaim: {
    env: "JWT_USER_CLAIM",
    about: "the claim of a JWT that names the user",
    schema: claim,
    default: "sub",
  },
  jwtRoleClaim: {
    env: "JWT_ROLE_CLAIM",
    about: "the claim of a JWT that names the role, user or admin",
    schema: orOff(claim),
    default: "off",
    example: "role",
  },
  jwtClockSkewMs: {
    env: "JWT_CLOCK_SKEW",
    about: "how much a JWT's clock may differ from ours",
    schema: duration(0),
    default: "60s",
  },
  cfAccessTeam: {
    env: "CF_ACCESS_TEAM",
    about: "the Cloudflare Access team whose assertions are checked",
    schema: orOff(accessTeam),
    default: "off",
    example: "my-team",
  },
  cfAccessAud: {
    env: "CF_ACCESS_AUD",
    about: "the audience tag of the Access application; needed with CF_ACCESS_TEAM",
    schema: orOff(claim),
    default: "off",
    example: "32eafc7626e737d2",
  },
  cfAccessRequired: {
    env: "CF_ACCESS_REQUIRED",
    about: "whether all that comes through the tunnel needs Access, on top of or instead of a key",
    schema: choice(["off", "with_key", "instead_of_key"]),
    default: "off",
  },
};
