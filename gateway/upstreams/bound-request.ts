import type { ClientRequest } from "node:http";
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { errors } from "./undici-parts.ts";

/**
 * Ends a request of Node's own client, once it has a socket, where connecting takes too long, TLS
 * included. Sockets are new for each request. The error is undici's, which `upstreamTrouble` knows.
 */
export function boundConnect(request: ClientRequest, timeoutMs: number): void {
  if (request.socket === null) request.once("socket", watch);
  else watch(request.socket);

  function watch(socket: Socket): void {
    const isTls = socket instanceof TLSSocket;
    // Through a proxy it is connected when it is handed over, but for TLS.
    if (!isTls && !socket.connecting) return;
    const timer = setTimeout(() => request.destroy(new errors.ConnectTimeoutError()), timeoutMs);
    const end = (): void => clearTimeout(timer);
    socket.once(isTls ? "secureConnect" : "connect", end).once("close", end);
  }
}

/** Ends a request of Node's own client if its socket is silent too long; 0 is off. */
export function boundSilence(request: ClientRequest, timeoutMs: number): void {
  if (timeoutMs === 0) return;
  request.setTimeout(timeoutMs, () => request.destroy(new errors.HeadersTimeoutError()));
}
