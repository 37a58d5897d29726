import type { IncomingMessage } from "node:http";

/** A name, an IPv4 address or an IPv6 one, and a port: nothing that HTML or a shell would read. */
const plainHost =
  /^(?:[a-z0-9](?:[a-z0-9._-]{0,252}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])(?::[0-9]{1,5})?$/i;

/**
 * The address that a request came to, as its client wrote it; where that is no plain one, or is not
 * told, this machine's with the port that took the request. Only to be shown.
 */
export function cameTo({ headers, socket }: Pick<IncomingMessage, "headers" | "socket">): string {
  const { host = "", "x-forwarded-proto": scheme } = headers;
  if (!plainHost.test(host)) return `http://localhost:${socket.localPort ?? 8000}`;
  // A proxy that speaks TLS says so; who says it falsely misleads nobody but himself.
  return `${scheme === "https" ? "https" : "http"}://${host}`;
}
