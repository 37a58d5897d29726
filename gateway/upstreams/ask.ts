import type { IncomingHttpHeaders } from "node:http";
import { forward } from "./forward.ts";
import { keyHeaders } from "./key-headers.ts";
import type { Upstream } from "./upstream.ts";

/** Of an answer about the upstream itself no more is read. Bytes. */
const maxAnswer = 16 * 1024 * 1024;

/**
 * The gateway's own question to an upstream: `GET path`, answered whole. Rejects with a GatewayError for
 * any trouble and any status that is no success, within `totalMs`; each silence may last `timeoutMs`.
 */
export async function ask(
  upstream: Upstream,
  path: string,
  timeoutMs: number,
  totalMs: number = timeoutMs * 2,
): Promise<{ headers: IncomingHttpHeaders; bytes: Buffer }> {
  const chunks: Buffer[] = [];
  let headers: IncomingHttpHeaders = {};
  let size = 0;
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
  await forward(
    upstream.connections,
    outbound,
    {
      head(_status, given) {
        headers = given;
      },
      data(chunk) {
        size += chunk.length;
        if (size > maxAnswer) throw new Error(`the answer to ${path} is too long`);
        chunks.push(chunk);
        return true;
      },
      whenDrained: (resume) => resume(),
    },
    AbortSignal.timeout(totalMs),
  );
  return { headers, bytes: Buffer.concat(chunks) };
}
