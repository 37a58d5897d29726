import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { refuseUpgrade } from "../answer/refuse-upgrade.ts";
import { stripCredentials } from "../auth/query-credentials.ts";
import { endpointOf } from "../dialects/endpoints.ts";
import { judgePath } from "../dialects/path.ts";
import { GatewayError } from "../errors.ts";
import { ClientLeft, createExchange, type Exchange } from "../exchange.ts";
import { headersToUpstream } from "../upstreams/headers.ts";
import { asGatewayError, shuttingDown } from "./failure.ts";
import type { RoadParts } from "./parts.ts";
import { noFields } from "./read-request.ts";
import { refuseOtherModels } from "./refuse-other-models.ts";
import { type Accepted, reserve } from "./reserve.ts";
import { settle } from "./settle.ts";
import { takeTurn } from "./turn.ts";

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
  socket.on("error", leave).once("close", leave);
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
    if (!path.startsWith("/v1/")) throw new GatewayError("not_found", "Nothing is at this path.");
    // It names no model, so a key for some models only cannot open one.
    refuseOtherModels(identity, null);
    const destination = parts.route(null);
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
  const quiet = { place: (): void => {}, started: (): void => {} };
  const outcome = await takeTurn(parts, accepted, quiet, () =>
    open(accepted, { request, socket, head, ending }),
  );
  await settle(parts, accepted, ending, outcome);
  parts.underway.delete(exchange.id);
}

type Opening = {
  request: IncomingMessage;
  socket: Socket;
  head: Buffer;
  ending: { begun: boolean };
};

/** Joins the two sockets; resolves when both have closed, in whichever order. */
async function open(accepted: Accepted, opening: Opening): Promise<null> {
  const { exchange, identity, destination, meter } = accepted;
  const { request, socket, head, ending } = opening;
  const upstream = await new Promise<Socket>((resolve, reject) => {
    const leave = (): void => reject(exchange.signal.reason);
    if (exchange.signal.aborted) return leave();
    exchange.signal.addEventListener("abort", leave, { once: true });
    const headers = headersToUpstream(request.headers, {
      user: identity.user,
      requestId: exchange.requestId,
      upstreamKey: destination.upstream.key,
    });
    destination.passThrough.upgrade(
      request,
      socket,
      head,
      { path: exchange.path + exchange.query, headers },
      {
        opened: resolve,
        fail(error) {
          // Now: the proxy ends the socket as soon as this returns.
          refuseUpgrade(socket, exchange, error);
          reject(error);
        },
      },
    );
  });
  ending.begun = true;
  meter.begun(101);
  const close = (): void => void upstream.destroy();
  socket.once("close", close);
  exchange.signal.addEventListener("abort", close, { once: true });
  if (socket.destroyed || exchange.signal.aborted) close();
  if (!upstream.closed) await once(upstream, "close").catch(() => {});
  socket.destroy();
  meter.ended();
  return null;
}

function endingOf(socket: Socket, exchange: Exchange) {
  return {
    begun: false,
    upstreamId: null,
    end: (): void => void socket.destroy(),
    fail(error: GatewayError): void {
      if (this.begun) socket.destroy();
      else refuseUpgrade(socket, exchange, error);
    },
  };
}
