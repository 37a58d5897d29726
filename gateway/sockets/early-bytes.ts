import type { Socket } from "node:net";

/** The bytes that a WebSocket client sends before its socket is joined to the upstream's. */
export type EarlyBytes = {
  /** Puts the bytes back into the socket, for the next reader. */
  giveBack(): void;
};

/** A client that sends more than this before it is answered is no WebSocket client. Bytes. */
const maxEarly = 64 * 1024;

/** Reads while a client waits: Node notices only on a socket that is read that it has closed. */
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
