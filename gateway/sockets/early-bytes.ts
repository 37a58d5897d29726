import type { Socket } from "node:net";

/** What a WebSocket client sent before its socket was joined to the upstream's. */
export type EarlyBytes = {
  /** Puts it back, for whoever reads from here on. */
  giveBack(): void;
};

/** A client that sends more than this before it is answered is no WebSocket client. Bytes. */
const maxEarly = 64 * 1024;

/** Reads while a client waits, since the leaving of a socket that nobody reads is never noticed. */
export function readEarly(socket: Socket, head: Buffer): EarlyBytes {
  const chunks = [head];
  let size = head.length;
  const keep = (chunk: Buffer): void => {
    chunks.push(chunk);
    size += chunk.length;
    if (size > maxEarly) socket.destroy();
  };
  socket.on("data", keep);
  return {
    giveBack() {
      socket.off("data", keep);
      socket.pause();
      if (size > 0) socket.unshift(Buffer.concat(chunks));
    },
  };
}
