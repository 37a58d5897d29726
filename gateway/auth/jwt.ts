import { decodeProtectedHeader, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from "jose";

export type JwtOptions = {
  /** Public keys for tokens with an asymmetric signature; null if there are none. */
  keys: JWTVerifyGetKey | null;
  /** The secret for tokens with a symmetric signature; null if there is none. */
  secret: string | null;
  issuer: string;
  /** Null: a token need not name one. */
  audience: string | null;
  /** Algorithms with `HS` count for the secret only, all others for the keys only. */
  algorithms: readonly string[];
  skewMs: number;
  now?: () => number;
};

/** Returns the claims of a valid token. Rejects with any Error for an invalid one. */
export type JwtCheck = (token: string) => Promise<JWTPayload>;

/** The longest token that is checked. */
const mostCharacters = 8_192;

/**
 * Checks tokens: signature, algorithm, issuer, audience, expiry. Which kind of key checks a token
 * is decided by its algorithm, and each kind takes its own algorithms only: else a public key,
 * which everybody knows, could serve as the shared secret (RFC 8725, section 2.1).
 */
export function createJwtCheck(options: JwtOptions): JwtCheck {
  const { keys, secret, issuer, audience, algorithms, skewMs, now = Date.now } = options;
  const shared = secret === null ? null : new TextEncoder().encode(secret);
  const isShared = (algorithm: string): boolean => algorithm.startsWith("HS");
  const ofSecret = algorithms.filter(isShared);
  const ofKeys = algorithms.filter((algorithm) => !isShared(algorithm) && algorithm !== "none");

  return async (token) => {
    if (token.length > mostCharacters) throw new Error("too long");
    const rules = {
      issuer,
      ...(audience === null ? {} : { audience }),
      clockTolerance: skewMs / 1_000,
      currentDate: new Date(now()),
      requiredClaims: ["exp"],
    };
    if (isShared(decodeProtectedHeader(token).alg ?? "")) {
      if (shared === null) throw new Error("no shared secret");
      return (await jwtVerify(token, shared, { ...rules, algorithms: ofSecret })).payload;
    }
    if (keys === null) throw new Error("no keys");
    return (await jwtVerify(token, keys, { ...rules, algorithms: ofKeys })).payload;
  };
}
