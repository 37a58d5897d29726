import { createLocalJWKSet, errors, type JWTVerifyGetKey } from "jose";
import { isJsonObject } from "../json-object.ts";

export type KeySetOptions = {
  /** The URL of the key set (JWKS, RFC 7517). */
  url: string;
  now?: () => number;
  /** After this time the keys are fetched again in the background. Milliseconds. */
  freshMs?: number;
  /** The shortest time between two fetches. Milliseconds. */
  pauseMs?: number;
  timeoutMs?: number;
};

type Keys = ReturnType<typeof createLocalJWKSet>;

/** A longer answer is not taken as a key set. Bytes. */
const mostBytes = 256 * 1024;

/**
 * The public keys of the token issuer. They are kept for good: while their server is down, the
 * known keys keep working. An unknown key id starts a fetch at once (rotation), but not more often
 * than every `pauseMs`, because a client can invent ids.
 */
export function createKeySet(options: KeySetOptions): JWTVerifyGetKey {
  const { url, now = Date.now, freshMs = 600_000, pauseMs = 10_000, timeoutMs = 5_000 } = options;
  let keys: Keys | null = null;
  let loadedAt = Number.NEGATIVE_INFINITY;
  let askedAt = Number.NEGATIVE_INFINITY;
  let loading: Promise<void> | null = null;

  async function load(): Promise<void> {
    askedAt = now();
    keys = createLocalJWKSet(await fetchKeys(url, timeoutMs));
    loadedAt = now();
  }

  /** One fetch at a time; null while it is too soon for the next. Never rejects. */
  function reload(): Promise<void> | null {
    if (loading !== null) return loading;
    if (Math.abs(now() - askedAt) < pauseMs) return null;
    loading = load()
      .catch(() => {})
      .finally(() => {
        loading = null;
      });
    return loading;
  }

  return async (header, token) => {
    if (keys === null) await reload();
    else if (Math.abs(now() - loadedAt) > freshMs) void reload();
    try {
      return await keyIn(keys, header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      const waiting = reload();
      if (waiting === null) throw error;
      await waiting;
      return await keyIn(keys, header, token);
    }
  };
}

function keyIn(keys: Keys | null, ...asked: Parameters<Keys>): ReturnType<Keys> {
  if (keys === null) throw new errors.JWKSNoMatchingKey();
  return keys(...asked);
}

async function fetchKeys(url: string, timeoutMs: number): Promise<{ keys: object[] }> {
  const signal = AbortSignal.timeout(timeoutMs);
  const answer = await fetch(url, { signal, redirect: "error" });
  if (!answer.ok || answer.body === null) throw new Error("no key set");
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of answer.body) {
    bytes += piece.length;
    if (bytes > mostBytes) throw new Error("no key set: too long");
    pieces.push(piece);
  }
  const value: unknown = JSON.parse(Buffer.concat(pieces).toString("utf8"));
  const keys = (value as { keys?: unknown } | null)?.keys;
  if (!Array.isArray(keys)) throw new Error("no key set");
  // A symmetric key in a public key set would let anyone sign tokens, so it is ignored.
  return { keys: keys.filter((key) => isJsonObject(key) && key.kty !== "oct") };
}
