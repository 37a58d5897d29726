import type { IncomingMessage } from "node:http";
import { PassThrough, type Readable } from "node:stream";
import { GatewayError } from "../errors.ts";

/**
 * A body that streams, read ahead by up to `aheadBytes`: Node notices that a client has left only
 * while something reads its socket. A sender that pauses for `timeoutMs`, although it could send,
 * ends the stream with 408.
 */
export function streamedBody(
  request: IncomingMessage,
  { aheadBytes, timeoutMs }: { aheadBytes: number; timeoutMs: number },
): Readable {
  const body = new PassThrough({ highWaterMark: aheadBytes });
  const timer = setTimeout(() => {
    // The buffer is full, so the sender is not the slow side.
    if (body.writableNeedDrain) timer.refresh();
    else body.destroy(new GatewayError("body_timeout", "The body paused too long (BODY_TIMEOUT)."));
  }, timeoutMs);
  // The later reader of the stream gets its error. Until then nothing listens.
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
