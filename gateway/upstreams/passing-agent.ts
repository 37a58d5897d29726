import { Agent as HttpAgent, type RequestOptions } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { openTunnel } from "./tunnel.ts";
import type { Upstream } from "./upstream.ts";

/** A read waits no longer for a proxy. Milliseconds. */
const tunnelTimeoutMs = 10_000;

type Created = (error: Error | null, stream: Duplex) => void;

/**
 * Connects as the upstream's settings say: with its certificates, through its proxy. Keeps nothing
 * open.
 */
export function openPassingAgent({ origin, trust, proxy }: Upstream): HttpAgent {
  const isTls = origin.startsWith("https:");
  if (proxy !== null) return isTls ? new TlsTunnels(proxy, trust ?? {}) : new Tunnels(proxy);
  return isTls ? new HttpsAgent({ ...trust }) : new HttpAgent();
}

class Tunnels extends HttpAgent {
  readonly #proxy: URL;

  constructor(proxy: URL) {
    super();
    this.#proxy = proxy;
  }

  override createConnection(options: RequestOptions, created?: Created): undefined {
    const tunnel = { ...targetOf(options), proxy: this.#proxy, timeoutMs: tunnelTimeoutMs };
    openTunnel(tunnel, (error, socket) => give(created, error, socket));
  }
}

class TlsTunnels extends HttpsAgent {
  readonly #proxy: URL;

  constructor(proxy: URL, options: object) {
    super(options);
    this.#proxy = proxy;
  }

  override createConnection(options: RequestOptions, created?: Created): undefined {
    const tunnel = { ...targetOf(options), proxy: this.#proxy, timeoutMs: tunnelTimeoutMs };
    openTunnel(tunnel, (error, socket) => {
      if (socket === null) give(created, error, null);
      else give(created, null, connectTls({ ...tlsOf(options), socket }));
    });
  }
}

/** What tls.connect takes of it; where to connect to is the tunnel's business. */
function tlsOf({ host: _host, port: _port, path: _path, ...options }: RequestOptions): object {
  return options;
}

function targetOf({ host, port }: RequestOptions): { host: string; port: number } {
  return { host: (host ?? "").replace(/^\[(.*)\]$/, "$1"), port: Number(port) };
}

/** Node's type of the callback does not know that there is no stream beside an error. */
function give(created: Created | undefined, error: Error | null, stream: Duplex | null): void {
  if (stream !== null) created?.(null, stream);
  else (created as ((error: Error | null) => void) | undefined)?.(error);
}
