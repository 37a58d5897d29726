import type { RequestListener } from "node:http";
import type { Socket } from "node:net";
import { createHttpServer, type HttpServerOptions } from "../server/listen.ts";
import { type PassedBy, readClient } from "./client-of.ts";

/** Answers requests that are passed on, as if they had come here. */
export type PassedServer = {
  /** Takes a connection whose first line says which client it stands for. */
  accept(socket: Socket): void;
  /** Ends all connections. */
  close(): void;
};

export function createPassedServer(
  handler: RequestListener,
  options: HttpServerOptions,
  by: PassedBy,
): PassedServer {
  // What comes without a Host came with HTTP/1.0, which needs none, and goes on with HTTP/1.1.
  const http = createHttpServer(handler, { ...options, isJudged: true });
  // The other end closes it with its client's connection: if this end closed first, a request that
  // is on its way would be lost.
  http.keepAliveTimeout = 0;
  const sockets = new Set<Socket>();
  let isClosed = false;
  return {
    accept(socket) {
      if (isClosed) {
        socket.destroy();
        return;
      }
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      socket.on("error", () => socket.destroy());
      readClient(socket, by, () => http.emit("connection", socket));
    },
    close() {
      isClosed = true;
      for (const socket of sockets) socket.destroy();
      http.close();
    },
  };
}
