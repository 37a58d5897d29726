import { once } from "node:events";
import type { Socket } from "node:net";
import type { Dispatcher, Pool as UndiciPool } from "undici";
import { buildConnector, Client, Pool } from "./undici-parts.ts";

/** One connection to an upstream that knows its socket, which undici keeps to itself. */
export class SocketClient extends Client {
  socket: Socket | null = null;
  /** Requests sent on the present socket. */
  served = 0;

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    if (handler instanceof ClientAware) handler.client = this;
    return super.dispatch(options, handler);
  }

  /** Resolves when the present socket has closed: from then on the upstream is not at work for us. */
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
  close(): Promise<void>;
};

/** Opens the connections to one upstream. `connectTimeoutMs` bounds a connect. */
export function openConnections(
  origin: string,
  options: { connectTimeoutMs: number },
): Connections {
  const connect = buildConnector({ timeout: options.connectTimeoutMs, keepAlive: true });
  const factory = (url: URL, poolOptions: object): SocketClient => {
    const client: SocketClient = new SocketClient(url, {
      ...poolOptions,
      connect: (to, callback) =>
        connect(to, (...result) => {
          const socket = result[1];
          // Undefined, not null, where there is none.
          if (socket) {
            client.socket = socket;
            client.served = 0;
          }
          callback(...result);
        }),
    });
    return client;
  };
  const open = (): UndiciPool =>
    // HTTP/2 would put several generations on one socket, and a cancel could not close it.
    new Pool(origin, { factory, allowH2: false, pipelining: 1, clientTtl: null });
  const kept = open();
  const fresh = open();
  return {
    kept,
    fresh,
    close: async () => {
      await Promise.all([kept.destroy(), fresh.destroy()]);
    },
  };
}
