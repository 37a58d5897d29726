import { GatewayError } from "../errors.ts";
import { StaleConnection } from "./stale-connection.ts";
import { brokenSocket, neverConnected } from "./trouble.ts";
import { errors } from "./undici-parts.ts";

/** The status that an upstream answered with, as the cause of the error that was made of it. */
export class AnsweredStatus {
  readonly status: number;

  constructor(status: number) {
    this.status = status;
  }
}

/** Remembers what the upstream itself answered, which the client's error may not say. */
export function withStatus(error: GatewayError, status: number): GatewayError {
  error.cause ??= new AnsweredStatus(status);
  return error;
}

/**
 * What an error says of its upstream:
 * - `down`: no connection, 502, 503, or the connection broke
 * - `silent`: no first byte in time, or a proxy of its that says so (504); it may be at work on it
 *   still
 * - `busy`: it lives, and takes nothing for `ms` (429, 529, a model that loads); `limit` where it
 *   has had enough of us (429), which may be about one request, one model or one key
 * - `alive`: it answered, and the fault is the request's, or its own and of no consequence for
 *   others
 * - `nothing`: the client left, or the fault is ours
 */
export type Failure =
  | { readonly kind: "down" | "silent" | "alive" | "nothing" }
  | { readonly kind: "busy"; readonly ms: number; readonly limit: boolean };

const down: Failure = { kind: "down" };
const silent: Failure = { kind: "silent" };
const alive: Failure = { kind: "alive" };
const nothing: Failure = { kind: "nothing" };

/** Until it is asked again, where it does not say itself. Milliseconds. */
const busyMs = 1_000;

/** No upstream is left alone for longer because it said so. Milliseconds. */
const maxBusyMs = 60_000;

const gone = new Set([502, 503]);

/** What was behind a proxy may have begun to generate: it is not asked for the same again. */
const proxyTimeout = 504;

/** Judges an error of `forward` or `attempt`. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof GatewayError)) return nothing;
  switch (error.code) {
    case "upstream_unreachable":
      return down;
    case "upstream_timeout":
      return error.cause instanceof errors.BodyTimeoutError ? alive : silent;
    case "upstream_loading":
    case "overloaded":
      return busyFor(error, false);
    case "upstream_rejected":
      return isLimit(error) ? busyFor(error, true) : alive;
    case "upstream_auth":
    case "not_supported":
      return alive;
    case "upstream_error":
      return brokenOrAnswered(error.cause);
    default:
      return nothing;
  }
}

/** An upstream's 429. */
export const isLimit = (error: GatewayError): boolean =>
  error.code === "upstream_rejected" && error.status === 429;

function busyFor(error: GatewayError, limit: boolean): Failure {
  const said = Number(error.headers["retry-after"]) * 1000;
  return { kind: "busy", ms: said >= 0 ? Math.min(said, maxBusyMs) : busyMs, limit };
}

function brokenOrAnswered(cause: unknown): Failure {
  if (cause instanceof AnsweredStatus) {
    if (cause.status === proxyTimeout) return silent;
    return gone.has(cause.status) ? down : alive;
  }
  const broken = cause instanceof StaleConnection || brokenSocket(cause) || neverConnected(cause);
  return broken ? down : alive;
}

/**
 * What a client is told whose own key an upstream refused: that error speaks of the gateway's.
 * Gives any other error as it is.
 */
export function ownKeyRefused(error: unknown): unknown {
  if (!(error instanceof GatewayError) || error.code !== "upstream_auth") return error;
  const status = error.cause instanceof AnsweredStatus ? error.cause.status : 401;
  return new GatewayError("upstream_rejected", `The upstream refused your key (${status}).`, {
    status,
    type: status === 401 ? "authentication_error" : "permission_error",
    shownCode: status === 401 ? "invalid_api_key" : "not_allowed",
    cause: error.cause,
  });
}

/**
 * Why an upstream is not used, for logs and /health: never an upstream's own words, which may quote
 * a prompt.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof GatewayError)) return "unknown";
  const { cause } = error;
  return cause instanceof AnsweredStatus ? `The upstream failed (${cause.status}).` : error.message;
}

/** An upstream that repeats our key in its error tells it to nobody. Gives any other error as it is. */
export function withoutKey<Found>(error: Found, key: string | null): Found | GatewayError {
  if (!(error instanceof GatewayError) || key === null) return error;
  if (!error.message.includes(key) && !JSON.stringify(error.extra).includes(key)) return error;
  const { code, status, type, shownCode, param, headers, cause } = error;
  const message = error.message.replaceAll(key, "***");
  return new GatewayError(code, message, { status, type, shownCode, param, headers, cause });
}
