import { mkdtempSync, rmSync } from "node:fs";
import type { RequestListener } from "node:http";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHttpServer, type HttpServerOptions } from "../../server/listen.ts";
import { readClient } from "../client-of.ts";

/** Where the keeper answers what its workers pass on. */
export type InnerPort = {
  /** A Unix socket in a folder that only this user can enter. */
  readonly path: string;
  close(): Promise<void>;
};

/** Opens it. Rejects with a one-line Error if there is no folder for it. */
export async function openInnerPort(
  handler: RequestListener,
  options: HttpServerOptions,
): Promise<InnerPort> {
  const folder = mkdtempSync(join(tmpdir(), "llm-gateway-"));
  const path = join(folder, "keeper");
  // What comes without a Host came with HTTP/1.0, which needs none, and goes on with HTTP/1.1.
  const http = createHttpServer(handler, { ...options, isJudged: true });
  // The worker closes it with its client's connection: if this end closed first, a request that is
  // on its way would be lost.
  http.keepAliveTimeout = 0;
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    readClient(socket, () => http.emit("connection", socket));
  });
  try {
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(path, resolve);
    });
  } catch (cause) {
    rmSync(folder, { recursive: true, force: true });
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`the workers cannot reach the first process at ${path}: ${reason}`);
  }
  return {
    path,
    async close() {
      for (const socket of sockets) socket.destroy();
      http.close();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
