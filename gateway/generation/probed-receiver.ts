import type { IncomingHttpHeaders } from "node:http";
import { refuseShortError } from "../dialects/refuse-error.ts";
import type { Receiver } from "../upstreams/forward.ts";

/** More is no error: from there on the answer passes as it comes. Bytes. */
const mostHeld = 64 * 1024;

/** A receiver that holds a short JSON answer back until it is known to be none of an error. */
export type ProbedReceiver = Receiver & {
  /** At the end of the answer. Throws the error that it is, for an error under status 200. */
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
    isComplete: () => receiver.isComplete?.() ?? false,
    whenDrained: (resume) => receiver.whenDrained(resume),
    head(status, headers) {
      // Not lines of JSON, which are a stream.
      const isJson = /^application\/json\b/i.test(String(headers["content-type"]));
      if (isJson) head = [status, headers];
      else receiver.head(status, headers);
    },
    data(chunk) {
      if (head === null) return receiver.data(chunk);
      held.push(chunk);
      size += chunk.length;
      // Events under the type of JSON are a stream too.
      if (size > mostHeld || !/^\s*(\{|$)/.test(held[0]?.toString("latin1", 0, 64) ?? ""))
        release();
      return true;
    },
    end() {
      if (head !== null) refuseShortError(Buffer.concat(held), null);
      release();
    },
  };
}
