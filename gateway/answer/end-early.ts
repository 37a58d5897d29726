import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * How much of a refused body is read, so that the client can finish writing and read our answer.
 */
const maxDrained = 1024 * 1024;
const maxDrainMs = 2_000;

/**
 * Ends an answer that was sent before the request's body had arrived. Closing at once would reset
 * the connection, and the client would lose the answer; reading for ever would let it send a
 * terabyte.
 */
export function endEarly(request: IncomingMessage, response: ServerResponse): void {
  if (request.complete || request.destroyed) {
    response.end();
    return;
  }
  let drained = 0;
  const finish = (): void => {
    clearTimeout(timer);
    request.off("data", count);
    response.end();
  };
  const count = (chunk: Buffer): void => {
    drained += chunk.length;
    if (drained > maxDrained) finish();
  };
  const timer = setTimeout(finish, maxDrainMs);
  request.on("data", count);
  request.once("end", finish);
  request.once("close", finish);
  request.resume();
}
