import { once } from "node:events";
import { createConnection, createServer, isIP, type Server, type Socket } from "node:net";
import { addressOf, type HostPort, partsOf } from "./address.ts";
import { proveCalled, proveCalling } from "./handshake.ts";
import { meet } from "./meet.ts";
import type { Cancel, Connection, Hello, Listener, Network } from "./ports.ts";

export type TcpNetworkOptions = {
  /** CLUSTER_SECRET. */
  secret: string;
  /** Where this gateway listens, and others reach it. Port 0: a free one. */
  own: HostPort;
  /** How long a connection may take to its hello: one of this gateway's, and one of others'. */
  connectMs?: number;
  proofMs?: number;
  /** How many connections may be without a proof at once. The oldest one gives way. */
  mostUnproved?: number;
};

export type TcpNetwork = Network & {
  /** From now on requests that others pass on arrive here; the caller owns their sockets. */
  acceptPass(handler: (socket: Socket) => void): Cancel;
  /**
   * A connection over which requests are passed on. It is proved, and then plain bytes.
   * Rejects as `connect` does.
   */
  openPass(address: string): Promise<Socket>;
  /** Stops listening, and ends every connection. */
  close(): Promise<void>;
};

type Accepting = {
  link: { own: () => Hello; accepted: (connection: Connection) => Listener } | null;
  pass: ((socket: Socket) => void) | null;
};

/**
 * Opens the port of this gateway for the others of its cluster. Both sides of a connection prove that
 * they know the secret; texts are sealed with a key of the connection. Nothing is encrypted.
 * @throws Error with one line if it cannot listen
 */
export async function openTcpNetwork(options: TcpNetworkOptions): Promise<TcpNetwork> {
  const { own } = options;
  const accepting: Accepting = { link: null, pass: null };
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on("connection", createDoor(options, accepting, sockets));
  const port = await listen(server, own);
  return {
    address: addressOf({ host: own.host, port }),
    ...createCalls(options, sockets),
    accept(hello, accepted) {
      const link = { own: hello, accepted };
      accepting.link = link;
      return () => {
        if (accepting.link === link) accepting.link = null;
      };
    },
    acceptPass(handler) {
      accepting.pass = handler;
      return () => {
        if (accepting.pass === handler) accepting.pass = null;
      };
    },
    async close() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** The connections that this gateway opens. */
function createCalls(
  { secret, connectMs = 2_000 }: TcpNetworkOptions,
  sockets: Set<Socket>,
): Pick<TcpNetwork, "connect" | "openPass"> {
  /** Rejects with one line that says why there is no connection. */
  async function call<Made>(
    address: string,
    make: (socket: Socket) => Promise<Made>,
  ): Promise<Made> {
    const socket = createConnection(partsOf(address));
    const { ended } = prepare(socket, sockets);
    const timer = setTimeout(() => socket.destroy(), connectMs);
    let isConnected = false;
    try {
      await Promise.race([once(socket, "connect"), ended]);
      isConnected = true;
      return await make(socket);
    } catch (error) {
      socket.destroy();
      const why = isConnected
        ? "CLUSTER_SECRET differs, or no gateway answers there"
        : "nothing answers there";
      throw new Error(`no connection to the gateway at ${address}: ${why}`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    connect: (address, hello, listener) =>
      call(address, async (socket) => {
        const keys = await proveCalling(socket, secret, "link");
        return await new Promise<Connection>((resolve, reject) => {
          socket.once("close", () => reject(new Error("the connection ended")));
          meet(socket, keys, hello, (connection) => {
            resolve(connection);
            return afterResolving(listener);
          });
        });
      }),
    openPass: (address) =>
      call(address, async (socket) => {
        await proveCalling(socket, secret, "pass");
        return socket;
      }),
  };
}

/** What happens to each connection that others open. */
function createDoor(
  { secret, proofMs = 10_000, mostUnproved = 100 }: TcpNetworkOptions,
  accepting: Accepting,
  sockets: Set<Socket>,
): (socket: Socket) => void {
  const unproved = new Set<Socket>();
  return (socket) => {
    prepare(socket, sockets).ended.catch(() => {});
    const timer = setTimeout(() => socket.destroy(), proofMs);
    const proved = (): void => void unproved.delete(socket);
    socket.once("close", () => {
      clearTimeout(timer);
      proved();
    });
    unproved.add(socket);
    const [oldest] = unproved;
    if (unproved.size > mostUnproved) oldest?.destroy();
    proveCalled(socket, secret).then(
      ({ kind, ...keys }) => {
        proved();
        const { link, pass } = accepting;
        if (kind === "pass" && pass !== null) {
          clearTimeout(timer);
          pass(socket);
        } else if (kind === "link" && link !== null) {
          meet(socket, keys, link.own(), (connection) => {
            clearTimeout(timer);
            return link.accepted(connection);
          });
        } else {
          socket.destroy();
        }
      },
      () => socket.destroy(),
    );
  };
}

/** What holds for every socket; `ended` rejects when it ends. */
function prepare(socket: Socket, sockets: Set<Socket>): { ended: Promise<never> } {
  socket.setNoDelay(true).setKeepAlive(true, 5_000);
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
  const ended = new Promise<never>((_, reject) => {
    socket.on("error", reject);
    socket.once("close", () => reject(new Error("the connection ended")));
  });
  ended.catch(() => {});
  return { ended };
}

/** The caller gets the connection first, and then what is said over it. */
function afterResolving(listener: Listener): Listener {
  let waiting: (() => void)[] | null = [];
  setImmediate(() => {
    for (const tell of waiting ?? []) tell();
    waiting = null;
  });
  const tell = (act: () => void): void => {
    if (waiting === null) act();
    else waiting.push(act);
  };
  return {
    said: (text) => tell(() => listener.said(text)),
    closed: () => tell(() => listener.closed()),
  };
}

/**
 * Listens, and says at which port. On every address of this machine if `host` is a name, which may be
 * another address here (127.0.1.1), or an address that others alone know, as that of a container.
 */
async function listen(server: Server, { host, port }: HostPort): Promise<number> {
  const codeOf = async (at: { host?: string; port: number }): Promise<string | null> => {
    server.listen(at);
    return await once(server, "listening").then(
      () => null,
      (error: NodeJS.ErrnoException) => error.code ?? error.message,
    );
  };
  let code = isIP(host) === 0 ? "EADDRNOTAVAIL" : await codeOf({ host, port });
  if (code === "EADDRNOTAVAIL") code = await codeOf({ port });
  if (code !== null) {
    const at = addressOf({ host, port });
    throw new Error(`cannot listen on ${at} for the other gateways (CLUSTER_URL): ${code}`);
  }
  server.on("error", () => {
    // One connection could not be accepted. The caller sees it.
  });
  const bound = server.address();
  return typeof bound === "object" && bound !== null ? bound.port : port;
}
