import type { IncomingMessage } from "node:http";
import { PassThrough, type Readable } from "node:stream";
import { GatewayError } from "../errors.ts";

/**
 * A body that streams on, read ahead by up to `aheadBytes`: where nobody reads a socket, nobody
 * sees its client leave. A sender that pauses for `timeoutMs` while it could send ends the stream
 * with 408.
 */
export function streamedBody(
  request: IncomingMessage,
  { aheadBytes, timeoutMs }: { aheadBytes: number; timeoutMs: number },
): Readable {
  const body = new PassThrough({ highWaterMark: aheadBytes });
  const timer = setTimeout(() => {
    // Full, so it is not the sender who is slow.
    if (body.writableNeedDrain) timer.refresh();
    else body.destroy(new GatewayError("body_timeout", "The body paused too long (BODY_TIMEOUT)."));
  }, timeoutMs);
  // Whoever takes the stream hears of its error; until then nobody does.
  body.on("error", () => {});
  body.once("close", () => clearTimeout(timer));
  request.on("data", () => timer.refresh());
  request.once("end", () => clearTimeout(timer));
  request.once("close", () => {
    if (!request.complete) body.destroy();
  });
  request.pipe(body);
  return body;
}
