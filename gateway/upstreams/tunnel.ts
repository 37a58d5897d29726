import { request as httpRequest, type RequestOptions } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Socket } from "node:net";

/**
 * The tunnel through a proxy failed, so the upstream has seen nothing. The message names no
 * address.
 */
export class ProxyTrouble extends Error {
  readonly code: string = "ERR_PROXY";
}

export type Tunnel = {
  proxy: URL;
  /** The target of the tunnel. */
  host: string;
  port: number;
  timeoutMs: number;
};

/**
 * Reads the URL of a proxy. Throws a one-line Error for what is none; the URL may hold a password.
 */
export function readProxy(url: string | null): URL | null {
  if (url === null) return null;
  const proxy = URL.canParse(url) ? new URL(url) : null;
  if (proxy !== null && (proxy.protocol === "http:" || proxy.protocol === "https:")) return proxy;
  throw new Error("the proxy must be a URL that starts with http:// or https://");
}

/**
 * Opens a tunnel through an HTTP proxy with CONNECT (RFC 9110 §9.3.6). Calls back once, with the
 * socket or with ProxyTrouble. The socket is the one to the proxy: when it closes, the tunnel
 * closes.
 */
export function openTunnel(
  { proxy, host, port, timeoutMs }: Tunnel,
  callback: (error: Error | null, socket: Socket | null) => void,
): void {
  const authority = `${host.includes(":") ? `[${host}]` : host}:${port}`;
  const options: RequestOptions = {
    method: "CONNECT",
    host: proxy.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: proxy.port || (proxy.protocol === "https:" ? 443 : 80),
    path: authority,
    headers: { host: authority, ...credentialsOf(proxy) },
    agent: false,
  };
  const request = proxy.protocol === "https:" ? httpsRequest(options) : httpRequest(options);
  const timer = setTimeout(
    () =>
      request.destroy(new ProxyTrouble("The proxy on the way to the upstream does not answer.")),
    timeoutMs,
  );
  let called = false;
  const end = (error: Error | null, socket: Socket | null): void => {
    clearTimeout(timer);
    if (called) return void socket?.destroy();
    called = true;
    callback(error, socket);
  };
  request
    .once("connect", ({ statusCode = 0 }, socket: Socket, head: Buffer) => {
      if (statusCode >= 200 && statusCode < 300) {
        if (head.length > 0) socket.unshift(head);
        end(null, socket);
        return;
      }
      socket.destroy();
      end(refusal(statusCode), null);
    })
    // Some proxies refuse as if CONNECT were any method.
    .once("response", ({ statusCode = 0 }) => {
      request.destroy();
      end(refusal(statusCode), null);
    })
    .on("error", (cause: Error & { code?: string }) => {
      if (cause instanceof ProxyTrouble) return end(cause, null);
      const why = cause.code === undefined ? "" : ` (${cause.code})`;
      const text = `The proxy on the way to the upstream cannot be reached${why}.`;
      end(new ProxyTrouble(text, { cause }), null);
    })
    .end();
}

const refusal = (status: number): ProxyTrouble =>
  new ProxyTrouble(`The proxy on the way to the upstream refused (${status}).`);

function credentialsOf(proxy: URL): Record<string, string> {
  if (proxy.username === "" && proxy.password === "") return {};
  const pair = `${decoded(proxy.username)}:${decoded(proxy.password)}`;
  return { "proxy-authorization": `Basic ${Buffer.from(pair).toString("base64")}` };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
