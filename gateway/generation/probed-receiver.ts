import type { IncomingHttpHeaders } from "node:http";
import { findTopLevel } from "../dialects/json/json-scan.ts";
import { GatewayError } from "../errors.ts";
import type { Receiver } from "../upstreams/forward.ts";

/** More is no error: from there on the answer passes as it comes. Bytes. */
const mostHeld = 64 * 1024;

/** A receiver that holds a short JSON answer back until it is known to be none of an error. */
export type ProbedReceiver = Receiver & {
  /** At the end of the answer. Throws `upstream_rejected` for an error under status 200. */
  end(): void;
};

/**
 * Some servers (LM Studio) answer 200 to a path that they do not know, with an error as the body. It
 * is told from an answer before the client gets a byte.
 */
export function probedReceiver(receiver: Receiver): ProbedReceiver {
  let head: [number, IncomingHttpHeaders] | null = null;
  let held: Buffer[] = [];
  let size = 0;

  function release(): void {
    if (head === null) return;
    receiver.head(...head);
    head = null;
    for (const chunk of held) receiver.data(chunk);
    held = [];
  }

  return {
    ...receiver,
    head(status, headers) {
      const isJson = String(headers["content-type"] ?? "").startsWith("application/json");
      if (isJson) head = [status, headers];
      else receiver.head(status, headers);
    },
    data(chunk) {
      if (head === null) return receiver.data(chunk);
      held.push(chunk);
      size += chunk.length;
      if (size > mostHeld) release();
      return true;
    },
    end() {
      if (head !== null && isError(Buffer.concat(held))) {
        const text = "The upstream answered with an error under status 200.";
        throw new GatewayError("upstream_error", text);
      }
      release();
    },
  };
}

function isError(body: Buffer): boolean {
  return findTopLevel(body, "error").some(({ start, end }) => {
    return body.toString("latin1", start, end) !== "null";
  });
}
