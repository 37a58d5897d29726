import type { IncomingHttpHeaders } from "node:http";
import { GatewayError } from "../errors.ts";
import type { StopSignal } from "../stop-signal.ts";
import { withoutKey } from "./failure.ts";
import { forward, type Outbound } from "./forward.ts";
import type { Upstream } from "./upstream.ts";

/**
 * Sends one request and collects its answer whole. Rejects like `forward`, also for any status that
 * is no success, and for an answer of more than `most` bytes.
 */
export async function collect(
  upstream: Upstream,
  outbound: Outbound,
  signal: StopSignal,
  most: number = 16 * 1024 * 1024,
): Promise<{ headers: IncomingHttpHeaders; bytes: Buffer }> {
  const chunks: Buffer[] = [];
  let headers: IncomingHttpHeaders = {};
  let size = 0;
  await forward(
    upstream.connections,
    outbound,
    {
      head(_status, given) {
        headers = given;
      },
      data(chunk) {
        size += chunk.length;
        if (size > most)
          throw new GatewayError("upstream_error", "The upstream's answer is too long.");
        chunks.push(chunk);
        return true;
      },
      whenDrained: (resume) => resume(),
    },
    signal,
  ).catch((error: unknown) => {
    throw withoutKey(error, upstream.key);
  });
  return { headers, bytes: Buffer.concat(chunks) };
}
