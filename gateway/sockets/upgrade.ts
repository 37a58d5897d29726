import { once } from "node:events";
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { refuseUpgrade } from "../answer/refuse-upgrade.ts";
import type { Identity } from "../auth/identity.ts";
import { stripCredentials } from "../auth/query-credentials.ts";
import { endpointOf } from "../dialects/endpoints.ts";
import { judgePath } from "../dialects/path.ts";
import { noFields } from "../dialects/request-fields.ts";
import { GatewayError } from "../errors.ts";
import { ClientLeft, type Exchange, type ExchangeTarget } from "../exchange.ts";
import { type Accepted, type ReserveParts, reserve } from "../generation/reserve.ts";
import { type RunAcceptedParts, runAccepted } from "../generation/run-accepted.ts";
import type { EndingClient } from "../generation/settle.ts";
import { oneTry } from "../generation/tries.ts";
import type { HeldSlot, WaitingClient } from "../generation/turns.ts";
import type { Destination, PoolMember } from "../upstreams/destination.ts";
import { headersToUpstream, keyOf } from "../upstreams/headers.ts";
import { upstreamTrouble } from "../upstreams/trouble.ts";
import {
  type Entered,
  type ExchangeClient,
  type FrameParts,
  refuseExchange,
  withExchange,
} from "../with-exchange.ts";
import { type EarlyBytes, readEarly } from "./early-bytes.ts";
import { withProtocolKey } from "./protocol-key.ts";
import { socketModel } from "./socket-model.ts";
import { type WatchOptions, watchSockets } from "./watch-sockets.ts";

export type UpgradeParts = FrameParts &
  ReserveParts &
  RunAcceptedParts & {
    timeouts: { readonly idleMs: number };
    /** Where a model is served; throws as `GenerationParts.route` does. */
    route(model: string | null, allowed: readonly string[] | null): Destination;
  };

/** A WebSocket has no body that the gateway reads. */
const nothingRead = {
  headers: {},
  fields: noFields,
  json: false,
  body: Buffer.alloc(0),
  parsed: false,
  inflated: false,
  conversation: null,
  hasAgentItems: false,
};

const unjudged = { path: "", query: "", dialect: "openai", kind: "generation" } as const;

/**
 * A WebSocket: its path is judged and its user authenticated before anything reaches the upstream.
 * From there on it is a generation like any other, and holds its slot while it is open. Never
 * rejects.
 */
export async function upgrade(
  parts: UpgradeParts,
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
): Promise<void> {
  const early = readEarly(socket, head);
  request.headers = withProtocolKey(request.headers);
  const client = socketClient(request, socket);
  let target: ExchangeTarget;
  try {
    target = targetOf(request);
  } catch (cause) {
    refuseExchange(parts, client, unjudged, cause);
    return;
  }
  await withExchange(parts, client, target, (entered) =>
    open(parts, entered, { request, socket, early }),
  );
}

/** Throws 400 for a path that is not taken. */
function targetOf({ url = "" }: IncomingMessage): ExchangeTarget {
  const { path, query } = judgePath(url);
  const { dialect } = endpointOf("GET", path);
  return { path, query: stripCredentials(query), dialect, kind: "generation" };
}

function socketClient(request: IncomingMessage, socket: Socket): ExchangeClient {
  return {
    request,
    response: null,
    whenClosed(listener) {
      const closed = (): void => listener(false);
      socket.on("error", closed).once("close", closed).once("end", closed);
    },
    refuse: (exchange, error) => refuseUpgrade(socket, exchange, error),
  };
}

/** The client's socket, and what it has sent so far. */
type Opening = { request: IncomingMessage; socket: Socket; early: EarlyBytes };

async function open(
  parts: UpgradeParts,
  { exchange, identity, stop }: Entered,
  opening: Opening,
): Promise<void> {
  const { path, query } = exchange;
  if (!path.startsWith("/v1/"))
    throw new GatewayError("not_found", "There is nothing at this path.");
  const model = socketModel(identity, path, query);
  const destination = parts.route(model, identity.models);
  const given = { exchange, identity, request: nothingRead, destination, stop };
  const accepted = await reserve(parts, given, { counted: null, isLimited: false });
  const waiting = new WaitingSocket(opening.socket, exchange);
  // The proxy puts other headers in their place.
  const asker: IncomingMessage = Object.create(opening.request, {
    headers: { value: opening.request.headers },
  });
  const traceparent = parts.telemetry.tracing?.traceparentOf(exchange) ?? null;
  const watch = {
    idleMs: parts.timeouts.idleMs,
    isStill: () => isSame(parts, asker, identity),
    stop: (reason: GatewayError) => stop.abort(reason),
  };
  const serve = ({ member, check }: HeldSlot): Promise<null> =>
    join(accepted, { ...opening, waiting, member, check, watch, traceparent });
  await runAccepted(parts, accepted, waiting, serve, oneTry);
}

/** A client cannot be told how its wait goes; its answer tells it the first place. */
class WaitingSocket implements WaitingClient, EndingClient {
  /** True once the two sockets are joined. */
  begun = false;
  /** 0 if it did not wait. */
  firstPlace = 0;
  readonly upstreamId = null;
  readonly #socket: Socket;
  readonly #exchange: Exchange;

  constructor(socket: Socket, exchange: Exchange) {
    this.#socket = socket;
    this.#exchange = exchange;
  }

  place({ position }: { position: number }): void {
    this.firstPlace ||= position;
  }

  started(): void {}

  end(): void {
    this.#socket.destroy();
  }

  fail(error: GatewayError): void {
    if (this.begun) this.#socket.destroy();
    else refuseUpgrade(this.#socket, this.#exchange, error, this.firstPlace);
  }
}

/** Whether the request would let in the same user now. */
async function isSame(
  { authenticate }: Pick<UpgradeParts, "authenticate">,
  request: IncomingMessage,
  was: Identity,
): Promise<boolean> {
  try {
    return (await authenticate(request)).user === was.user;
  } catch {
    return false;
  }
}

type Joining = Opening & {
  waiting: WaitingSocket;
  member: PoolMember;
  check: HeldSlot["check"];
  watch: WatchOptions;
  traceparent: string | null;
};

/** Joins the two sockets; resolves when the upstream's socket has closed. */
async function join(accepted: Accepted, joining: Joining): Promise<null> {
  const { exchange, meter } = accepted;
  const { socket, waiting } = joining;
  const { upstream, watched } = await openUpstreamSocket(accepted, joining);
  waiting.begun = true;
  meter.begun(101);
  const close = (): void => void upstream.destroy();
  exchange.signal.addEventListener("abort", close, { once: true });
  if (exchange.signal.aborted) close();
  if (!upstream.closed) await once(upstream, "close").catch(() => {});
  watched.end();
  socket.destroy();
  const { told } = watched.usage;
  if (told !== null) meter.body(told);
  const { reason } = exchange.signal;
  // A client that closes its socket has had what it wanted; all else was ended from inside.
  if (exchange.signal.aborted && !(reason instanceof ClientLeft)) throw reason;
  meter.ended();
  return null;
}

type Opened = { upstream: Socket; watched: ReturnType<typeof watchSockets> };

/** Opens the upstream's socket. If it rejects, nothing is left open at the upstream. */
function openUpstreamSocket(accepted: Accepted, joining: Joining): Promise<Opened> {
  const { exchange, identity } = accepted;
  const { request, socket, early, member, waiting, traceparent, check } = joining;
  const { signal } = exchange;
  return new Promise((resolve, reject) => {
    let sent: ClientRequest | null = null;
    const leave = (): void => {
      if (sent === null) reject(signal.reason);
      else sent.once("close", () => reject(signal.reason)).destroy();
    };
    if (signal.aborted) {
      leave();
      return;
    }
    check?.();
    signal.addEventListener("abort", leave, { once: true });
    // Without compression the usage in the upstream's events can be read.
    const { "sec-websocket-extensions": _extensions, ...plain } = request.headers;
    const headers = headersToUpstream(plain, {
      user: identity.user,
      requestId: exchange.requestId,
      traceparent,
      ...keyOf(member.upstream),
    });
    const path = exchange.path + exchange.query;
    member.passThrough.upgrade(
      request,
      socket,
      Buffer.alloc(0),
      { path, headers },
      {
        asked(upstreamRequest) {
          sent = upstreamRequest;
          if (signal.aborted) leave();
          else if (check !== undefined) checkAtConnect(upstreamRequest, check);
        },
        head: () => ({
          "x-request-id": exchange.requestId,
          "x-queue-position": String(waiting.firstPlace),
        }),
        opened(upstream) {
          signal.removeEventListener("abort", leave);
          early.giveBack();
          // When the proxy has joined the two: a reader before it would take the upstream's first
          // bytes, which come with its head, and the client would never get them.
          process.nextTick(() => {
            resolve({ upstream, watched: watchSockets(socket, upstream, joining.watch) });
          });
        },
        fail(error) {
          // Answer at once: the proxy ends the socket as soon as this returns.
          if (!waiting.begun) waiting.fail(error);
          reject(signal.aborted ? signal.reason : error);
        },
      },
    );
  });
}

/** Calls `check` when there is a connection, and before anything is written to it. */
function checkAtConnect(request: ClientRequest, check: () => void): void {
  const checked = (): void => {
    try {
      check();
    } catch (error) {
      request.destroy(upstreamTrouble(error));
    }
  };
  request.once("socket", (socket) => {
    if (socket.connecting) socket.once("connect", checked);
    else checked();
  });
}
