import type {
  ClientRequest,
  Agent as HttpAgent,
  IncomingHttpHeaders,
  IncomingMessage,
  ServerResponse,
} from "node:http";
import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import type { RequestHandler } from "http-proxy-middleware";
import { upstreamRejection } from "../dialects/upstream-rejection.ts";
import { GatewayError } from "../errors.ts";
import { boundConnect, boundSilence } from "./bound-request.ts";
import { type Headers, headersToClient, streamHeaders } from "./headers.ts";
import { inflatedHeaders, inflaterFor } from "./inflate.ts";
import { openPassingAgent } from "./passing-agent.ts";
import { upstreamTrouble } from "./trouble.ts";
import type { Upstream } from "./upstream.ts";

/** What the upstream is asked, in place of the client's own words. */
export type Passed = { path: string; headers: Headers };

/** The upstream's answer to a read, not compressed. */
export type ReadAnswer = Readable & Pick<IncomingMessage, "statusCode" | "headers">;

/** Receives the result: an answer, an open WebSocket, or neither. */
export type PassReceiver = {
  answer?(upstream: ReadAnswer, headers: Headers): void;
  /** What the client of a WebSocket is told of the exchange, in the head that opens it. */
  head?(): Headers;
  /** The request for a WebSocket is on its way; destroying it takes it back. */
  asked?(upstream: ClientRequest): void;
  opened?(upstream: Socket): void;
  fail(error: GatewayError): void;
};

export type PassThrough = {
  /** Sends a read on, its body streamed. */
  read(
    request: IncomingMessage,
    response: ServerResponse,
    passed: Passed,
    receiver: PassReceiver,
  ): void;
  /** Opens a WebSocket; from `opened` on the two sockets are joined. */
  upgrade(
    request: IncomingMessage,
    socket: Socket,
    head: Buffer,
    passed: Passed,
    receiver: PassReceiver,
  ): void;
  close(): void;
};

export type PassThroughOptions = {
  /** How long a read may be silent; 0 is off. Milliseconds. */
  silenceMs: number;
  /** How long a connection may take. Milliseconds. */
  connectTimeoutMs: number;
};

const upgradeHeaders: Headers = { connection: "Upgrade", upgrade: "websocket" };

type Proxy = RequestHandler<IncomingMessage, ServerResponse>;

/** The transparent forwarder for everything that does not generate, and for WebSockets. */
export function createPassThrough(upstream: Upstream, options: PassThroughOptions): PassThrough {
  // No connection is kept: a read must not fail because a kept one had just died.
  const agent = openPassingAgent(upstream);
  const receivers = new WeakMap<IncomingMessage, PassReceiver>();
  let made: Promise<Proxy> | null = null;
  const proxy = (): Promise<Proxy> => {
    made ??= createProxy({ ...options, agent, upstream, receivers });
    return made;
  };
  return {
    read(request, response, passed, receiver) {
      receivers.set(request, receiver);
      become(request, passed, framingOf(request));
      proxy()
        // A client that has left is not heard leaving again, and its body never ends.
        .then((send) => (response.destroyed ? undefined : send(request, response)))
        .catch((error) => receiver.fail(upstreamTrouble(error)));
    },
    upgrade(request, socket, head, passed, receiver) {
      receivers.set(request, receiver);
      become(request, passed, upgradeHeaders);
      proxy()
        .then((send) => send.upgrade(request, socket, head))
        .catch((error) => receiver.fail(upstreamTrouble(error)));
    },
    close: () => agent.destroy(),
  };
}

type ProxyParts = PassThroughOptions & {
  agent: HttpAgent;
  upstream: Upstream;
  receivers: WeakMap<IncomingMessage, PassReceiver>;
};

/** Loaded with the first read, since the start need not wait for it. */
async function createProxy(parts: ProxyParts): Promise<Proxy> {
  const { agent, connectTimeoutMs, receivers, silenceMs, upstream } = parts;
  const { createProxyMiddleware } = await import("http-proxy-middleware");
  return createProxyMiddleware<IncomingMessage, ServerResponse>({
    target: upstream.origin + upstream.prefix,
    changeOrigin: true,
    xfwd: false,
    agent,
    selfHandleResponse: true,
    upgradeTimeout: silenceMs,
    logger: { info() {}, warn() {}, error() {} },
    on: {
      // Called once there is a socket, and for every read: none has an `Expect` here.
      proxyReq(proxyRequest, request) {
        boundConnect(proxyRequest, connectTimeoutMs);
        // Nobody has asked for it. Without a listener Node ends the connection and says nothing.
        proxyRequest.once("upgrade", (_answer, socket: Socket) => {
          socket.destroy();
          receivers.get(request)?.fail(unasked());
        });
        // Not as `proxyTimeout`, which destroys the request without a word.
        boundSilence(proxyRequest, silenceMs);
      },
      proxyRes(answer, request) {
        const receiver = receivers.get(request);
        try {
          const read = inflated(answer, request.method);
          receiver?.answer?.(read, shownHeaders(read.headers));
        } catch (error) {
          // A status or header that Node will not send on.
          answer.destroy();
          receiver?.fail(upstreamTrouble(error));
        }
      },
      error(error, request) {
        receivers.get(request)?.fail(readTrouble(error));
      },
      proxyReqWs(proxyRequest, request) {
        const receiver = receivers.get(request);
        boundConnect(proxyRequest, connectTimeoutMs);
        receiver?.asked?.(proxyRequest);
        proxyRequest.once("upgrade", (answer, socket: Socket) => {
          // The proxy's own listener comes after this one, and writes what it finds here.
          const shown = headersToClient(answer.headers, false);
          answer.headers = { ...shown, ...upgradeHeaders, ...receiver?.head?.() };
          receiver?.opened?.(socket);
        });
        // Told by us, filtered; the proxy writes nothing to a socket that has been ended.
        proxyRequest.once("response", ({ statusCode = 502 }) => {
          receiver?.fail(upstreamRejection(statusCode, Buffer.alloc(0), ""));
        });
      },
    },
  });
}

const unasked = (): GatewayError =>
  new GatewayError("upstream_error", "The upstream changed to a protocol that nobody asked for.");

/** An answer without a body is not compressed, whatever its head says. */
const bodiless: ReadonlySet<number | undefined> = new Set([204, 304]);

/** Throws `upstream_error` for an answer that is compressed in an unknown way. */
function inflated(answer: IncomingMessage, method: string | undefined): ReadAnswer {
  const isEmpty = method === "HEAD" || bodiless.has(answer.statusCode);
  const inflater = isEmpty ? null : inflaterFor(answer.headers);
  if (inflater === null) return answer;
  inflater.once("error", () => answer.destroy());
  answer.once("error", (error) => inflater.destroy(error));
  answer.pipe(inflater);
  const { statusCode } = answer;
  return Object.assign(inflater, { statusCode, headers: inflatedHeaders(answer.headers) });
}

function shownHeaders(upstream: IncomingHttpHeaders): Headers {
  const shown = headersToClient(upstream, false);
  const isStream = /text\/event-stream/i.test(String(upstream["content-type"]));
  return isStream ? streamHeaders(shown) : shown;
}

/** The proxy reads these two of the request itself; there is no other way to give them to it. */
function become(request: IncomingMessage, passed: Passed, framing: Headers): void {
  request.url = passed.path;
  request.headers = { ...passed.headers, ...framing };
}

/**
 * How the body is delimited, which the upstream must be told as the client told us: a body without
 * it would be read as the next request, whatever `Upgrade` header came with it. Node's parser has
 * refused requests that say both.
 */
function framingOf(request: IncomingMessage): Headers {
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  if (encoding !== undefined) return { "transfer-encoding": "chunked" };
  return length === undefined ? {} : { "content-length": length };
}

/** A broken connection, or the proxy's own time-out for a WebSocket. */
function readTrouble(error: Error): GatewayError {
  if ("code" in error && error.code === "ERR_UPSTREAM_UPGRADE_TIMEOUT") {
    return new GatewayError("upstream_timeout", "The upstream sent no answer in time.", {
      cause: error,
    });
  }
  if ("code" in error && error.code === "ECONNRESET" && error.message === "socket hang up") {
    return new GatewayError("upstream_error", "The upstream closed the connection.", {
      cause: error,
    });
  }
  return upstreamTrouble(error);
}
