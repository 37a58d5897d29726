import { randomUUID } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import type { DialectName } from "./dialects/all.ts";
import type { Kind } from "./dialects/dialect.ts";
import { GatewayError } from "./errors.ts";
import type { StopControl, StopSignal } from "./stop-signal.ts";

/** The frozen identity of one exchange: one request and its answer. */
export type Exchange = {
  /** Ours, UUID v4: the key in line, ledger and `/queue/{id}`. */
  readonly id: string;
  /** Shown to the client; their own X-Request-ID where it is well formed, else `id`. */
  readonly requestId: string;
  /** The client's `traceparent` (W3C Trace Context) where it is well formed; else null. */
  readonly traceparent: string | null;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Monotonic milliseconds (`performance.now()`), for durations. */
  readonly startedMono: number;
  readonly method: string;
  /** Judged, without the query, without the `/api` of the alias: `/v1/chat/completions`. */
  readonly path: string;
  /** `""` or `?a=b`; never holds a credential. */
  readonly query: string;
  readonly dialect: DialectName;
  readonly kind: Kind;
  /** Came by `/api/v1`, where shapes are OpenRouter's. */
  readonly isOpenRouter: boolean;
  /** Arrived on PUBLIC_PORT or with a Cloudflare header (docs/security.md, "Doors"). */
  readonly isPublic: boolean;
  /** The client's address, without a port. */
  readonly address: string;
  /** Aborts when the client has left before its answer ended. */
  readonly signal: StopSignal;
};

/** What a request asks for, known before its exchange begins. */
export type ExchangeTarget = {
  readonly path: string;
  readonly query: string;
  readonly dialect: DialectName;
  readonly kind: Kind;
  readonly isOpenRouter?: boolean;
};

/** The ports and proxies by which requests come in: they decide which headers are trusted. */
export type Doors = {
  /** Whether this is PUBLIC_PORT. */
  isPublicPort(localPort: number | undefined): boolean;
  /** Whether the other end of a socket is a proxy in TRUSTED_PROXIES. */
  isTrusted(peer: string): boolean;
};

/**
 * The ports of a request that another gateway of the cluster has passed on: there it came to the main
 * port, or to PUBLIC_PORT. No socket has such a number.
 */
export const passedPorts = { main: -1, public: -2 } as const;

/** Whether another gateway has passed the request on to this one. */
export const isPassedOn = ({ socket: { localPort = 0 } }: IncomingMessage): boolean =>
  localPort < 0;

const cloudflare = ["cf-ray", "cf-connecting-ip", "cf-visitor", "cdn-loop"];

/** True for a request that came through the tunnel. A header can only take rights away. */
export function isPublicRequest(request: IncomingMessage, doors: Doors): boolean {
  if (doors.isPublicPort(request.socket.localPort)) return true;
  const { headers } = request;
  for (const name of cloudflare) if (headers[name] !== undefined) return true;
  return false;
}

/** The client's own request id, where it is well formed; it is only shown, never a key. */
function shownId(headers: IncomingMessage["headers"], id: string): string {
  const theirs = headers["x-request-id"] ?? headers["request-id"];
  return typeof theirs === "string" && /^[A-Za-z0-9._:-]{1,128}$/.test(theirs) ? theirs : id;
}

const wellFormed = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

function traceparentIn({ traceparent }: IncomingMessage["headers"]): string | null {
  return typeof traceparent === "string" && wellFormed.test(traceparent) ? traceparent : null;
}

/** The other end of the request's socket. */
export function peerOf(request: IncomingMessage): string {
  const address = request.socket.remoteAddress ?? "";
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}

/**
 * The client's address: from Cloudflare's header on PUBLIC_PORT only, from X-Forwarded-For of a
 * trusted proxy, else the address of the socket.
 */
export function addressOf(request: IncomingMessage, doors: Doors): string {
  const peer = peerOf(request);
  if (doors.isPublicPort(request.socket.localPort)) {
    const told = request.headers["cf-connecting-ip"];
    return typeof told === "string" && isIP(told) !== 0 ? told : peer;
  }
  const forwarded = request.headers["x-forwarded-for"];
  if (forwarded === undefined || !doors.isTrusted(peer)) return peer;
  return firstUntrusted(String(forwarded).split(","), doors) ?? peer;
}

/** Each proxy adds its client at the end: from there back, the first that is no proxy of ours. */
function firstUntrusted(hops: readonly string[], doors: Doors): string | null {
  let found: string | null = null;
  for (const hop of hops.toReversed()) {
    const address = hop.trim();
    if (isIP(address) === 0) break;
    found = address;
    if (!doors.isTrusted(address)) break;
  }
  return found;
}

/** Begins an exchange: its identity does not change from here on. `stop` ends it from inside. */
export function createExchange(
  request: IncomingMessage,
  target: ExchangeTarget,
  doors: Doors,
  stop: StopControl,
): Exchange {
  const id = randomUUID();
  return Object.freeze({
    id,
    requestId: shownId(request.headers, id),
    traceparent: traceparentIn(request.headers),
    startedAt: Date.now(),
    startedMono: performance.now(),
    method: request.method ?? "GET",
    path: target.path,
    query: target.query,
    dialect: target.dialect,
    kind: target.kind,
    isOpenRouter: target.isOpenRouter ?? false,
    isPublic: isPublicRequest(request, doors),
    address: addressOf(request, doors),
    signal: stop.signal,
  });
}

/** The client has left; `at` says when (monotonic milliseconds). */
export class ClientLeft extends GatewayError {
  readonly at: number = performance.now();

  constructor() {
    super("client_closed", "The client left before the answer was complete.");
  }
}
