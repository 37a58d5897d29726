import { once } from "node:events";
import type { Socket } from "node:net";
import type { Dispatcher, Pool as UndiciPool } from "undici";
import { type AnswerSocket, watchAnswers } from "./answer-socket.ts";
import { createCertificateWatch } from "./certificate-watch.ts";
import type { Trust } from "./trust.ts";
import { openTunnel } from "./tunnel.ts";
import { buildConnector, Client, Pool } from "./undici-parts.ts";

/** One connection to an upstream that knows its socket, which undici keeps to itself. */
export class SocketClient extends Client {
  socket: Socket | null = null;
  /** Requests sent on the present socket. */
  served = 0;
  /** What is asked on the present socket. */
  answers: AnswerSocket | null = null;

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    if (handler instanceof ClientAware) handler.client = this;
    return super.dispatch(options, handler);
  }

  /**
   * Resolves when the present socket has closed: from then on the upstream is not at work for us.
   */
  async socketClosed(): Promise<void> {
    const socket = this.socket;
    if (socket !== null && !socket.closed) await once(socket, "close").catch(() => {});
  }
}

/** A dispatch handler that is told which connection runs it. */
export class ClientAware {
  client: SocketClient | null = null;
}

export type Connections = {
  /** Connections kept for the next request. */
  readonly kept: UndiciPool;
  /** Used with `reset`, so that each request has a new connection. */
  readonly fresh: UndiciPool;
  /**
   * True once the upstream has sent an answer that nobody asked for on a kept connection: the next
   * user could get it, so none is kept from then on.
   */
  readonly isUntidy: boolean;
  /** When the server's certificate ends, as it was last seen (epoch ms); null: none was seen. */
  readonly certificateEnds: number | null;
  close(): Promise<void>;
};

export type ConnectionOptions = {
  /** Bounds a connect, through a proxy each of its two halves. */
  connectTimeoutMs: number;
  /** Null: the usual authorities, and no certificate of ours. */
  trust: Trust | null;
  proxy: URL | null;
};

type Connect = ReturnType<typeof buildConnector>;

/** Opens the connections to one upstream; nothing connects yet. */
export function openConnections(origin: string, options: ConnectionOptions): Connections {
  const connect = connectorOf(options);
  let isUntidy = false;
  const certificate = createCertificateWatch();
  const open = (onUnasked: () => void): UndiciPool => {
    const factory = (url: URL, poolOptions: object): SocketClient => {
      const client: SocketClient = new SocketClient(url, {
        ...poolOptions,
        connect: (to, callback) =>
          connect(to, (...result) => {
            const socket = result[1];
            // Undefined, not null, where there is none.
            if (socket) {
              client.socket = socket;
              certificate.see(socket);
              client.served = 0;
              client.answers = watchAnswers(socket, onUnasked);
            }
            callback(...result);
          }),
      });
      return client;
    };
    return new Pool(origin, { factory, allowH2: false, pipelining: 1, clientTtl: null });
  };
  const kept = open(() => {
    isUntidy = true;
  });
  // Nothing that comes here can be another request's. Probes, which no passage watches, use it too.
  const fresh = open(() => {});
  return {
    kept,
    fresh,
    get isUntidy() {
      return isUntidy;
    },
    get certificateEnds() {
      return certificate.ends;
    },
    close: async () => {
      await Promise.all([kept.destroy(), fresh.destroy()]);
    },
  };
}

function connectorOf({ connectTimeoutMs, trust, proxy }: ConnectionOptions): Connect {
  const direct = buildConnector({
    timeout: connectTimeoutMs,
    keepAlive: true,
    // HTTP/2 would put several generations on one socket, and a cancel could not close it. The
    // connector decides what is offered, not the pool.
    allowH2: false,
    ...trust,
  });
  if (proxy === null) return direct;
  return (to, callback) => {
    const isTls = to.protocol === "https:";
    const port = Number(to.port) || (isTls ? 443 : 80);
    const tunnel = { proxy, host: to.hostname, port, timeoutMs: connectTimeoutMs };
    openTunnel(tunnel, (error, socket) => {
      if (socket === null) callback(error ?? new Error("no way through the proxy"), null);
      else if (isTls) direct({ ...to, httpSocket: socket }, callback);
      else callback(null, socket.setNoDelay(true));
    });
  };
}
