import { once } from "node:events";
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { refuseUpgrade } from "../answer/refuse-upgrade.ts";
import { stripCredentials } from "../auth/query-credentials.ts";
import { endpointOf } from "../dialects/endpoints.ts";
import { judgePath } from "../dialects/path.ts";
import { GatewayError, shuttingDown } from "../errors.ts";
import { ClientLeft, createExchange, type Exchange } from "../exchange.ts";
import type { Member } from "../generation/destination.ts";
import { asGatewayError } from "../generation/failure.ts";
import type { RoadParts } from "../generation/parts.ts";
import { noFields } from "../generation/read-request.ts";
import { type Accepted, reserve } from "../generation/reserve.ts";
import { type Ending, settle } from "../generation/settle.ts";
import { oneTry } from "../generation/tries.ts";
import { takeTurn } from "../generation/turn.ts";
import { headersToUpstream, keyOf } from "../upstreams/headers.ts";
import { type EarlyBytes, readEarly } from "./early-bytes.ts";
import { socketModel } from "./socket-model.ts";

/** A WebSocket has no body that anyone reads. */
const nothingAsked = {
  headers: {},
  fields: noFields,
  json: false,
  body: Buffer.alloc(0),
  inflated: false,
  free: (): void => {},
};

const unjudged = { path: "", query: "", dialect: "openai", kind: "generation" } as const;

/**
 * A WebSocket: judged and authenticated before anything reaches the upstream, and a generation like
 * any other. It holds its slot while it is open.
 */
export async function upgrade(
  parts: RoadParts,
  request: IncomingMessage,
  socket: Socket,
  head: Buffer,
): Promise<void> {
  const stop = new AbortController();
  const leave = (): void => stop.abort(new ClientLeft());
  socket.on("error", leave).once("close", leave).once("end", leave);
  const early = readEarly(socket, head);
  let exchange = createExchange(request, unjudged, parts.doors, stop);
  let accepted: Accepted;
  try {
    const judged = judgePath(request.url ?? "");
    const path = judged.path;
    const query = stripCredentials(judged.query);
    exchange = Object.freeze({
      ...exchange,
      path,
      query,
      dialect: endpointOf("GET", path).dialect,
    });
    if (parts.draining()) throw shuttingDown();
    const known = parts.authenticate(request);
    const identity = known instanceof Promise ? await known : known;
    if (!path.startsWith("/v1/"))
      throw new GatewayError("not_found", "There is nothing at this path.");
    const model = socketModel(identity, path, query);
    const destination = parts.route(model, identity.models);
    accepted = reserve(parts, { exchange, identity, asked: nothingAsked, destination, stop });
  } catch (cause) {
    const error = asGatewayError(parts, exchange, cause);
    const { status, code } = error;
    parts.telemetry.refused({ exchange, user: null, status, errorCode: code });
    refuseUpgrade(socket, exchange, error);
    return;
  }
  parts.underway.set(exchange.id, { user: accepted.identity.user, stop });
  const ending = endingOf(socket, exchange);
  // It cannot be told how its wait goes; its answer tells the first place.
  const waiting = {
    place({ position }: { position: number }): void {
      ending.firstPlace ||= position;
    },
    started(): void {},
  };
  try {
    const work = (member: Member) => join(accepted, { request, socket, early, ending, member });
    // A refusal has ended the socket by the time it is known here.
    const outcome = await takeTurn(parts, accepted, waiting, work, oneTry);
    await settle(parts, accepted, ending, outcome);
  } finally {
    parts.underway.delete(exchange.id);
  }
}

/** `firstPlace` is 0 for one that did not wait. */
type SocketEnding = Ending & { begun: boolean; firstPlace: number };

type Joining = {
  request: IncomingMessage;
  socket: Socket;
  early: EarlyBytes;
  ending: SocketEnding;
  member: Member;
};

/** Joins the two sockets; resolves when the upstream's has closed, in whichever way. */
async function join(accepted: Accepted, joining: Joining): Promise<null> {
  const { exchange, meter } = accepted;
  const { socket, ending } = joining;
  const upstream = await openUpstreamSocket(accepted, joining);
  ending.begun = true;
  meter.begun(101);
  const close = (): void => void upstream.destroy();
  exchange.signal.addEventListener("abort", close, { once: true });
  if (exchange.signal.aborted) close();
  if (!upstream.closed) await once(upstream, "close").catch(() => {});
  socket.destroy();
  meter.ended();
  return null;
}

/**
 * Rejects when there is none to be had, or the exchange was ended: then nothing is left upstream.
 */
function openUpstreamSocket(accepted: Accepted, joining: Joining): Promise<Socket> {
  const { exchange, identity } = accepted;
  const { request, socket, early, member } = joining;
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
    signal.addEventListener("abort", leave, { once: true });
    const headers = headersToUpstream(request.headers, {
      user: identity.user,
      requestId: exchange.requestId,
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
        },
        head: () => ({
          "x-request-id": exchange.requestId,
          "x-queue-position": String(joining.ending.firstPlace),
        }),
        opened(upstream) {
          signal.removeEventListener("abort", leave);
          early.giveBack();
          resolve(upstream);
        },
        fail(error) {
          // Now: the proxy ends the socket as soon as this returns.
          const { begun, firstPlace } = joining.ending;
          if (!begun) refuseUpgrade(socket, exchange, error, firstPlace);
          reject(signal.aborted ? signal.reason : error);
        },
      },
    );
  });
}

function endingOf(socket: Socket, exchange: Exchange): SocketEnding {
  const ending = {
    begun: false,
    firstPlace: 0,
    upstreamId: null,
    end: (): void => void socket.destroy(),
    fail(error: GatewayError): void {
      if (ending.begun) socket.destroy();
      else refuseUpgrade(socket, exchange, error, ending.firstPlace);
    },
  };
  return ending;
}
