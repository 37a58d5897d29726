import type { IncomingMessage } from "node:http";

/** What cannot stand in the name of a host, or of a host and a port (RFC 3986 §3.2.2). */
const noHost = /^$|[\s/?#@\\<>"{}|^`]/;

/**
 * Why a request is none that every server would read alike; null if it is fine. Node takes these:
 * no `Host` header, two, or one that names no host (RFC 9112 §3.2), `Transfer-Encoding` in HTTP/1.0
 * and codings that nobody here undoes (§6.1), and an offer of a WebSocket on another method than GET
 * or with a body (RFC 6455 §4.1).
 */
export function faultOf(request: IncomingMessage): string | null {
  const { headers, httpVersion, method } = request;
  const hostFault = faultOfHost(request);
  if (hostFault !== null) return hostFault;
  const coding = headers["transfer-encoding"];
  if (coding !== undefined && httpVersion === "1.0") {
    return "HTTP/1.0 has no Transfer-Encoding. Send a Content-Length.";
  }
  if (coding !== undefined && coding.trim().toLowerCase() !== "chunked") {
    return "The only Transfer-Encoding that is supported is chunked.";
  }
  if (!offersWebSocket(request)) return null;
  if (method !== "GET") {
    return "A WebSocket begins with GET. Send GET, or leave out the Upgrade header.";
  }
  return hasBody(request)
    ? "A WebSocket begins without a body. Leave out the body, or the Upgrade header."
    : null;
}

const offersWebSocket = ({ headers }: IncomingMessage): boolean =>
  headers.upgrade?.trim().toLowerCase() === "websocket";

const hasBody = ({ headers }: IncomingMessage): boolean =>
  headers["transfer-encoding"] !== undefined || Number(headers["content-length"] ?? 0) > 0;

/**
 * Whether a request becomes a WebSocket. An h2c offer on a POST is no upgrade: with one, the POST
 * would never reach its handler. HTTP/1.0 has no upgrades (RFC 9110 §7.8). With a body Node gives no
 * socket, but a stream of its own.
 */
export const isUpgrade = (request: IncomingMessage): boolean =>
  request.method === "GET" &&
  request.httpVersion !== "1.0" &&
  offersWebSocket(request) &&
  !hasBody(request);

function faultOfHost({
  rawHeaders,
  headers: { host },
  httpVersion,
}: IncomingMessage): string | null {
  let hosts = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at] ?? "";
    if (name.length === 4 && name.toLowerCase() === "host") hosts++;
  }
  if (hosts > 1) return "The request has more than one Host header. Send one.";
  if (host === undefined) {
    return httpVersion === "1.0" ? null : "The request has no Host header. Send one.";
  }
  return noHost.test(host)
    ? "The Host header names no host. Send a name, or a name and a port."
    : null;
}
