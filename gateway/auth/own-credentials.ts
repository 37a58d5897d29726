import type { IncomingHttpHeaders } from "node:http";
import { digestOf } from "../users/key.ts";
import type { Snapshot } from "../users/snapshot.ts";
import { credentialsOf, looksLikeJwt } from "./credentials.ts";

const names = ["authorization", "x-api-key", "x-goog-api-key"] as const;

/**
 * Removes the gateway's own keys from a request's headers. With `auth: passthrough` the rest goes
 * to the upstream.
 */
export function withholdKeys(headers: IncomingHttpHeaders, users: Snapshot): void {
  for (const name of names) {
    const [key] = credentialsOf({ [name]: headers[name] }).keys;
    if (key !== undefined && users.find(digestOf(key)) !== null) delete headers[name];
  }
}

/** The same for a token that the gateway has accepted. */
export function withholdToken(headers: IncomingHttpHeaders): void {
  const [token] = credentialsOf({ authorization: headers.authorization }).keys;
  if (token !== undefined && looksLikeJwt(token)) delete headers.authorization;
}
