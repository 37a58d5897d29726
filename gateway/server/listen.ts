import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { faultOf, isUpgrade } from "./judge-request.ts";
import type { MessageClasses } from "./message-classes.ts";

export type Listening = {
  readonly port: number;
  /** Ends what is idle now and, after `graceMs`, every connection. */
  close(graceMs: number): Promise<void>;
};

export type ListenOptions = {
  /** 0 is any free port. */
  port: number;
  /** Null is every address, IPv4 and IPv6. */
  host: string | null;
  /** The settings of the port and of its address, named in errors. */
  setting?: string;
  hostSetting?: string;
  messages?: MessageClasses;
  /** Called for each new connection; one that is not admitted ends at once. */
  admit?: (socket: Socket) => boolean;
  upgrade?: (request: IncomingMessage, socket: Socket, head: Buffer) => void;
};

/** The answers to what is not HTTP; Node's own answers say nothing of the reason. */
const malformed: Readonly<Record<string, [number, string, string]>> = {
  HPE_HEADER_OVERFLOW: [431, "Request Header Fields Too Large", "The headers are too large."],
  ERR_HTTP_REQUEST_TIMEOUT: [408, "Request Timeout", "The headers did not arrive in time."],
};

/** The options of a server, beside its port. */
export type HttpServerOptions = Pick<ListenOptions, "messages" | "upgrade"> & {
  /** Another process has judged the requests already, as they came. */
  isJudged?: boolean;
};

/** A server for requests that can be read in one way only. It listens nowhere yet. */
export function createHttpServer(handler: RequestListener, options: HttpServerOptions): Server {
  const server = createServer({
    ...options.messages,
    // cloudflared keeps idle connections for 90 s: ours must not close first, or a request is lost.
    keepAliveTimeout: 95_000,
    headersTimeout: 10_000,
    connectionsCheckingInterval: 5_000,
    // A body has a time-out of its own, and an answer may take hours.
    requestTimeout: 0,
    // Node's own answer has no words: `faultOf` refuses these.
    requireHostHeader: false,
    // Finds clients that are gone without closing, such as a closed laptop.
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    shouldUpgradeCallback: isUpgrade,
  });
  listenForRequests(server, handler, options);
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const isOver = !socket.writable || error.code === "ECONNRESET";
    if (isOver || hasBegun(socket)) return void socket.destroy();
    if (endsAfterAnswer(socket)) return;
    const [status, reason, message] = malformed[error.code ?? ""] ?? [
      400,
      "Bad Request",
      "This is not a valid HTTP request.",
    ];
    refuseSocket(socket, `${status} ${reason}`, message);
  });
  server.on("connect", (_request, socket) => {
    refuseSocket(socket, "400 Bad Request", "This is no proxy: the method CONNECT is not served.");
  });
  return server;
}

/** Opens one port for `handler`; rejects with a one-line Error where it cannot be had. */
export async function listen(handler: RequestListener, options: ListenOptions): Promise<Listening> {
  const server = createHttpServer(handler, options);
  const { admit } = options;
  if (admit !== undefined) {
    server.prependListener("connection", (socket: Socket) => {
      if (!admit(socket)) socket.destroy();
    });
  }
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await opened(server, options);
  return {
    port: (server.address() as AddressInfo).port,
    close: (graceMs) => close(server, sockets, graceMs),
  };
}

/** Hands on the requests that can be read in one way only; others get a 400. */
function listenForRequests(
  server: Server,
  handler: RequestListener,
  { upgrade, isJudged = false }: HttpServerOptions,
): void {
  const judge = isJudged ? () => null : faultOf;
  const judged: RequestListener = (request, response) => {
    const fault = judge(request);
    if (fault === null) return handler(request, response);
    response.writeHead(400, { "content-type": "application/json", connection: "close" });
    response.end(bodyOf(fault));
  };
  const unexpected: RequestListener = (request, response) => {
    delete request.headers.expect;
    judged(request, response);
  };
  server.on("request", (request, response) => {
    // A client of HTTP/1.0 knows no 100 (RFC 9110 §15.2).
    (request.httpVersion === "1.0" ? unexpected : judged)(request, response);
  });
  // Whether a body is wanted is decided when its headers have been judged.
  server.on("checkContinue", judged);
  // An unknown expectation may be ignored; Node's own 417 says nothing.
  server.on("checkExpectation", unexpected);
  if (upgrade)
    server.on("upgrade", (request, socket: Socket, head) => {
      const fault = judge(request);
      if (fault === null) upgrade(request, socket, head);
      else refuseSocket(socket, "400 Bad Request", fault);
    });
}

/** A socket with the answer that Node writes to it. */
type AnsweredSocket = Duplex & { _httpMessage?: ServerResponse | null };

/** Whether an answer has begun; a second one would stand inside it. */
function hasBegun(socket: AnsweredSocket): boolean {
  return socket._httpMessage?.headersSent === true;
}

/**
 * True if the bytes that are no HTTP came behind a request that is still to be answered: that one is
 * whole, and gets its answer. The connection ends with it.
 */
function endsAfterAnswer(socket: AnsweredSocket): boolean {
  const response = socket._httpMessage;
  if (!response?.req.complete) return false;
  // Called again for all that follows on this connection.
  if (response.shouldKeepAlive) response.once("close", () => socket.destroy());
  response.shouldKeepAlive = false;
  return true;
}

const bodyOf = (message: string): string =>
  JSON.stringify({
    error: { message, type: "invalid_request_error", param: null, code: "invalid_request" },
  });

/** Answers where Node gives a socket and no response. */
function refuseSocket(socket: Duplex, status: string, message: string): void {
  const body = bodyOf(message);
  socket.once("error", () => {}).once("finish", () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\n` +
      `content-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
  );
}

/** Why a port cannot be opened, by Node's error code, and what to do about it. */
const hindrances: Readonly<Record<string, (port: string, host: string) => string>> = {
  EADDRINUSE: (setting) => `another program listens there; stop it or set ${setting} to a free one`,
  EACCES: (setting) => `not allowed; ports under 1024 need rights, set ${setting} to a higher one`,
  EADDRNOTAVAIL: (_port, host) => noAddress(host),
  ENOTFOUND: (_port, host) => noAddress(host),
};

const noAddress = (host: string): string => {
  const without = host === "HOST" ? "to have them all" : "to have 127.0.0.1";
  return `no address of this machine; set ${host} to one, or leave it out ${without}`;
};

function opened(server: Server, options: ListenOptions): Promise<void> {
  const { port, host, setting = "PORT", hostSetting = "HOST" } = options;
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const where = `${host ?? "every address"}, port ${port}`;
      const why =
        hindrances[error.code ?? ""]?.(setting, hostSetting) ?? error.code ?? error.message;
      reject(new Error(`cannot listen on ${where}: ${why}`));
    });
    server.listen(host === null ? { port } : { port, host }, resolve);
  });
}

/** Node does not count the sockets of upgrades among its connections; they are ended here too. */
async function close(server: Server, sockets: Set<Socket>, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => {
    for (const socket of sockets) socket.destroy();
  }, graceMs);
  await closed;
  clearTimeout(timer);
}
