import type { IncomingMessage } from "node:http";

/** A name, an IPv4 address or an IPv6 one, and a port: nothing that HTML or a shell would read. */
const plainHost =
  /^(?:[a-z0-9](?:[a-z0-9._-]{0,252}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?$/i;

/**
 * The gateway's address as the client wrote it. If that is not a plain address, it is this
 * machine's address with the request's port. Only for display.
 */
export function cameTo({ headers, socket }: Pick<IncomingMessage, "headers" | "socket">): string {
  const { host = "", "x-forwarded-proto": scheme } = headers;
  if (!plainHost.test(host)) return `http://localhost:${socket.localPort ?? 8000}`;
  // A TLS proxy sets this header. A client that fakes it misleads only itself.
  return `${scheme === "https" ? "https" : "http"}://${host}`;
}
