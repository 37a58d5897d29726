import { Agent, request as ask, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { clientLine } from "./client-of.ts";

/** Passes requests on to another process, which answers them as if they had come there. */
export type Relay = {
  /**
   * @param failed - called if there is no answer; without it the client's connection is closed
   * @returns what ends it: an answer that has begun is cut
   */
  pass(request: IncomingMessage, response: ServerResponse, failed?: () => void): () => void;
};

/** The relay of a worker: all goes to the keeper's process. */
export type WorkerRelay = Relay & {
  /** The same for a connection that becomes a WebSocket. */
  passSocket(request: IncomingMessage, socket: Socket, head: Buffer): void;
};

/**
 * Opens a connection that stands for this client: it has said so in its first line. A promise of one
 * rejects if the other process cannot be reached.
 */
export type OpenFor = (client: Socket) => Socket | Promise<Socket>;

/**
 * Node writes these of its own, as they are right for the client's connection. Trailers end here:
 * Node begins no message that announces some and has no chunks.
 */
const ofConnection = new Set(["connection", "keep-alive", "transfer-encoding", "trailer"]);

/**
 * Requests of one connection that wait behind its first. Clients send the next one after the answer;
 * what comes unasked would fill the memory, as Node reads on until answers wait.
 */
const mostBehind = 100;

/** @param path - the keeper's Unix socket */
export function createWorkerRelay(path: string): WorkerRelay {
  const open = (client: Socket): Socket => {
    const socket = connect({ path, noDelay: true });
    socket.write(clientLine(client));
    return socket;
  };
  return {
    ...createRelay(open),
    passSocket(request, socket, head) {
      const keeper = open(socket);
      keeper.write(headOf(request), "latin1");
      keeper.write(head);
      join(socket, keeper);
    },
  };
}

export function createRelay(openFor: OpenFor): Relay {
  const agents = new WeakMap<Socket, Agent>();

  /** One connection for each client's connection: it stands for that client. */
  function agentOf(client: Socket): Agent {
    const known = agents.get(client);
    if (known !== undefined) return known;
    const agent = new Agent({ keepAlive: true, maxSockets: 1, scheduling: "fifo" });
    agent.createConnection = (_options, opened) => {
      const socket = openFor(client);
      if (!(socket instanceof Promise)) return socket;
      socket.then(
        (it) => opened?.(null, it),
        (cause) => opened?.(cause, client),
      );
      return undefined;
    };
    agents.set(client, agent);
    client.once("close", () => agent.destroy());
    return agent;
  }

  return {
    pass(request, response, failed = () => response.destroy()) {
      const { method, url, socket } = request;
      const agent = agentOf(socket);
      const behind = Object.values(agent.requests).reduce(
        (sum, all) => sum + (all?.length ?? 0),
        0,
      );
      if (socket.destroyed || behind >= mostBehind) {
        socket.destroy();
        return () => {};
      }
      const asked = ask({
        ...(method === undefined ? {} : { method }),
        ...(url === undefined ? {} : { path: url }),
        headers: passedHeaders(request),
        agent,
        setHost: false,
      });
      asked.on("continue", () => response.writeContinue());
      asked.once("response", (answer) => give(answer, response));
      asked.once("error", () => {
        // It may have answered before it had read all of the body, and closed.
        if (!response.headersSent && !response.destroyed) failed();
      });
      response.once("close", () => {
        if (!response.writableFinished) asked.destroy();
      });
      request.pipe(asked);
      return () => asked.destroy(new Error("the keeper has changed"));
    },
  };
}

/** Not of HTTP/1.0. */
const tooNew = new Set(["expect", "upgrade", "connection"]);

/** HTTP/1.0 has no 100 and no upgrades (RFC 9110 §15.2, §7.8); the keeper is asked with HTTP/1.1. */
function passedHeaders({ headers, rawHeaders, httpVersion }: IncomingMessage): string[] {
  const isOld = httpVersion === "1.0";
  if (headers.trailer === undefined && !isOld) return rawHeaders;
  const passed: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = "", value = ""] = rawHeaders.slice(at, at + 2);
    const known = name.toLowerCase();
    if (known !== "trailer" && !(isOld && tooNew.has(known))) passed.push(name, value);
  }
  return passed;
}

function give(answer: IncomingMessage, response: ServerResponse): void {
  const { statusCode = 502, statusMessage = "", rawHeaders } = answer;
  const headers: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const [name = "", value = ""] = rawHeaders.slice(at, at + 2);
    const isClose = value.toLowerCase() === "close";
    if (!ofConnection.has(name.toLowerCase()) || isClose) headers.push(name, value);
  }
  response.writeHead(statusCode, statusMessage, headers);
  // Not `flushHeaders`, which writes UTF-8: a head is Latin-1.
  response.write(Buffer.alloc(0));
  answer.once("error", () => response.destroy());
  answer.once("close", () => {
    if (!answer.complete) response.destroy();
  });
  answer.pipe(response);
}

/** The head of a request, as it came. */
function headOf({ method = "GET", url = "/", httpVersion, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  }
  return `${lines.join("\r\n")}\r\n\r\n`;
}

function join(one: Socket, other: Socket): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.once("error", () => to.destroy());
    // What has been written still leaves.
    from.once("close", () => to.destroySoon());
    from.pipe(to);
  }
}
