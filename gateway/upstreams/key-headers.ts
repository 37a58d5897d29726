import type { IncomingHttpHeaders } from "node:http";
import type { Family } from "../dialects/dialect.ts";
import type { Headers } from "./headers.ts";

/** The upstream's key, and the family that decides its header. */
export type KeyHolder = {
  readonly key: string | null;
  readonly family: Family;
};

/** The API version for Anthropic, if the client gave none. */
const anthropicVersion = "2023-06-01";

/** The client's credentials that an upstream of each family would take. */
const credentials: Readonly<Record<Family, readonly string[]>> = {
  openai: ["authorization"],
  anthropic: ["x-api-key", "authorization"],
  google: ["x-goog-api-key", "authorization"],
};

/** Adds an upstream's own key to the headers it gets, in the way of its family. */
export function addKeyHeaders(out: Headers, key: string | null, family: Family): void {
  if (family === "anthropic") out["anthropic-version"] ??= anthropicVersion;
  if (key === null) return;
  if (family === "openai") out.authorization = `Bearer ${key}`;
  else out[family === "anthropic" ? "x-api-key" : "x-goog-api-key"] = key;
}

/** Adds the client's own credentials, unchanged. False where there are none. */
export function addOwnCredentials(
  out: Headers,
  client: IncomingHttpHeaders,
  family: Family,
): boolean {
  let found = false;
  for (const name of credentials[family]) {
    const value = client[name];
    if (value === undefined) continue;
    out[name] = value;
    found = true;
  }
  return found;
}

/** The headers with the upstream's key, for the gateway's own questions. */
export function keyHeaders({ key, family }: KeyHolder): Headers {
  const out: Headers = {};
  addKeyHeaders(out, key, family);
  return out;
}
