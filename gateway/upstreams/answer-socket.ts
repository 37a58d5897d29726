import type { Socket } from "node:net";

/** Which answers were asked for on one socket. */
export type AnswerSocket = {
  /** A request is sent. */
  asked(): void;
  /** Its answer has ended. */
  answered(): void;
};

/** No interim head is longer. Bytes. */
const longestHead = 16 * 1024;

/** RFC 9110 §15.2: a client must take interim answers that it did not ask for. */
const interim = Buffer.from("HTTP/1.1 100");

const endOfHead = "\r\n\r\n";

/**
 * Looks at what undici reads from a socket. undici takes an unasked `100 Continue` for an error, so
 * it is left out. Bytes that come while nothing is asked are told to `onUnasked`; undici closes the
 * connection then.
 */
export function watchAnswers(socket: Socket, onUnasked: () => void): AnswerSocket {
  const read = socket.read.bind(socket);
  let isAsked = false;
  let isAtHead = false;
  let held: Buffer = Buffer.alloc(0);

  /** Null while it may still be an interim answer. */
  function withoutInterim(chunk: Buffer): Buffer | null {
    let bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    held = Buffer.alloc(0);
    while (bytes.subarray(0, interim.length).equals(interim)) {
      const end = bytes.indexOf(endOfHead);
      if (end < 0) break;
      bytes = bytes.subarray(end + endOfHead.length);
    }
    const start = bytes.subarray(0, interim.length);
    if (interim.subarray(0, start.length).equals(start) && bytes.length < longestHead) {
      held = bytes;
      return null;
    }
    isAtHead = false;
    return bytes;
  }

  socket.read = (size?: number): unknown => {
    const chunk: unknown = read(size);
    if (!Buffer.isBuffer(chunk)) return chunk;
    if (!isAsked) onUnasked();
    return isAtHead ? withoutInterim(chunk) : chunk;
  };
  return {
    asked() {
      isAsked = true;
      isAtHead = true;
    },
    answered() {
      isAsked = false;
      isAtHead = false;
    },
  };
}
