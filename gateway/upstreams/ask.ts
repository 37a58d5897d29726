import type { IncomingHttpHeaders } from "node:http";
import { collect } from "./collect.ts";
import { keyHeaders } from "./key-headers.ts";
import type { Upstream } from "./upstream.ts";

/**
 * The gateway's own question to an upstream: `GET path`, answered whole. Rejects with a
 * GatewayError for any trouble and any status that is no success, within `totalMs`; each silence
 * may last `timeoutMs`. An answer of more than `most` bytes is trouble too.
 */
export function ask(
  upstream: Upstream,
  path: string,
  timeoutMs: number,
  totalMs: number = timeoutMs * 2,
  most?: number,
): Promise<{ headers: IncomingHttpHeaders; bytes: Buffer }> {
  const outbound = {
    method: "GET",
    path: upstream.prefix + path,
    headers: keyHeaders(upstream),
    body: null,
    firstByteMs: timeoutMs,
    idleMs: timeoutMs,
    // No kept connection can have died under it.
    fresh: true,
  };
  return collect(upstream, outbound, AbortSignal.timeout(totalMs), most);
}
