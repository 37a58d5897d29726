import { createHmac, timingSafeEqual } from "node:crypto";
import type { Socket } from "node:net";
import type { SessionKeys } from "./handshake.ts";

/** Texts over a socket, in their order; a changed, lost or repeated one destroys the socket. */
export type SealedTexts = { send(text: string): void };

export type SealedTextsOptions = {
  socket: Socket;
  keys: SessionKeys;
  said: (text: string) => void;
  /** The longest frame that is taken. Bytes. */
  longest?: number;
  /** What may wait for the other side to read. Bytes. */
  mayWait?: number;
};

/** Of a seal, as it is written: 16 bytes in base64. */
const sealLength = 22;

/**
 * A frame is a line: its seal, then the text. The seal is the HMAC of the text and of the number of
 * the frame. A text is without line ends, as JSON is.
 */
export function createSealedTexts(options: SealedTextsOptions): SealedTexts {
  const { socket, keys, said, longest = 8 << 20, mayWait = 16 << 20 } = options;
  const [sealOwn, sealOther] = [createSeal(keys.own), createSeal(keys.other)];
  const take = (frame: Buffer): void => {
    const text = frame.subarray(sealLength);
    const given = Buffer.from(frame.toString("latin1", 0, sealLength));
    const right = sealOther(text);
    if (given.length !== right.length || !timingSafeEqual(given, right)) {
      socket.destroy();
    } else {
      said(text.toString());
    }
  };
  readFrames(socket, longest, take);
  return {
    send(text) {
      if (socket.destroyed) return;
      if (text.includes("\n")) throw new Error("a text between gateways must be one line");
      const bytes = Buffer.from(text);
      socket.write(Buffer.concat([sealOwn(bytes), bytes, Buffer.from("\n")]));
      // The other side does not read: what it did not get is worth nothing later.
      if (socket.writableLength > mayWait) socket.destroy();
    },
  };
}

/** Seals the frames of one direction, each under the next number. */
function createSeal(key: Buffer): (text: Buffer) => Buffer {
  const number = Buffer.alloc(8);
  let count = 0n;
  return (text) => {
    number.writeBigUInt64BE(count);
    count += 1n;
    const hmac = createHmac("sha256", key).update(number).update(text).digest();
    return Buffer.from(hmac.toString("base64url", 0, 16));
  };
}

/** Calls for each line while the socket lives. */
function readFrames(socket: Socket, longest: number, take: (frame: Buffer) => void): void {
  let held: Buffer[] = [];
  let size = 0;
  socket.on("data", (chunk: Buffer) => {
    let from = 0;
    while (!socket.destroyed) {
      const end = chunk.indexOf(10, from);
      const piece = chunk.subarray(from, end < 0 ? chunk.length : end);
      size += piece.length;
      if (size > longest) {
        socket.destroy();
        return;
      }
      held.push(piece);
      if (end < 0) return;
      const frame = held.length === 1 ? piece : Buffer.concat(held);
      from = end + 1;
      held = [];
      size = 0;
      take(frame);
    }
  });
}
