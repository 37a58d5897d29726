import { withKeyMasked } from "../dialects/masked-key.ts";
import { ErrorInAnswer } from "../dialects/stream-error.ts";
import { GatewayError } from "../errors.ts";
import { StaleConnection } from "./stale-connection.ts";
import { brokenSocket, neverConnected } from "./trouble.ts";
import { errors } from "./undici-parts.ts";

/** An upstream's status, kept as the cause of the error that was made of it. */
export class AnsweredStatus {
  readonly status: number;

  constructor(status: number) {
    this.status = status;
  }
}

/** Adds the upstream's own status, which the client's error may not show. */
export function withStatus(error: GatewayError, status: number): GatewayError {
  error.cause ??= new AnsweredStatus(status);
  return error;
}

/** The status that an upstream answered, of an error made of it; null if there was no answer. */
export function statusIn(error: unknown): number | null {
  const cause = error instanceof GatewayError ? error.cause : null;
  return cause instanceof AnsweredStatus ? cause.status : null;
}

/**
 * What an error tells about its upstream:
 * - `down`: no connection, 502, 503, or the connection broke
 * - `silent`: no first byte in time, or its proxy reports that (504). It may still be generating
 * - `busy`: it lives and takes nothing for `ms` (429, 529, a loading model). `limit` if it limits
 * us (429), which may concern one request, one model or one key
 * - `unusable`: it lives, and its answer of 200 is an error, or cannot be read. Others may do better
 * - `alive`: it answered, and the fault is the request's, or has no consequence for others
 * - `nothing`: the client left, or the fault is ours
 */
export type Failure =
  | { readonly kind: "down" | "silent" | "unusable" | "alive" | "nothing" }
  | { readonly kind: "busy"; readonly ms: number; readonly limit: boolean };

const down: Failure = { kind: "down" };
const silent: Failure = { kind: "silent" };
const unusable: Failure = { kind: "unusable" };
const alive: Failure = { kind: "alive" };
const nothing: Failure = { kind: "nothing" };

/** How long a busy upstream is not used if it names no time. Milliseconds. */
const busyMs = 1_000;

/** The longest time that a busy upstream may ask for. Milliseconds. */
const maxBusyMs = 60_000;

const gone = new Set([502, 503]);

/** The server behind the proxy may have begun to generate, so the request is not sent again. */
const proxyTimeout = 504;

/** What another process has judged of an error, kept as its cause. */
export class ToldFailure {
  readonly failure: Failure;

  constructor(failure: Failure) {
    this.failure = failure;
  }
}

/** Judges an error of `forward` or `attempt`. */
export function failureOf(error: unknown): Failure {
  if (!(error instanceof GatewayError)) return nothing;
  if (error.cause instanceof ToldFailure) return error.cause.failure;
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
  const told = error.headers["retry-after"] ?? error.extra.retry_after_seconds;
  const said = Number(told ?? Number.NaN) * 1000;
  return { kind: "busy", ms: said >= 0 ? Math.min(said, maxBusyMs) : busyMs, limit };
}

function brokenOrAnswered(cause: unknown): Failure {
  if (cause instanceof ErrorInAnswer) return unusable;
  if (cause instanceof AnsweredStatus) {
    if (cause.status === proxyTimeout) return silent;
    return gone.has(cause.status) ? down : alive;
  }
  const broken = cause instanceof StaleConnection || brokenSocket(cause) || neverConnected(cause);
  return broken ? down : alive;
}

/**
 * For a client that sent its own key to the upstream: says that the upstream refused that key, and
 * not the gateway's. Returns any other error unchanged.
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
 * Why an upstream is not used, for logs and /health. Never the upstream's own text, which may quote
 * a prompt.
 */
export function reasonOf(error: unknown): string {
  if (!(error instanceof GatewayError)) return "unknown";
  const { cause } = error;
  return cause instanceof AnsweredStatus ? `The upstream failed (${cause.status}).` : error.message;
}

/** Removes our key from an upstream's error. Returns any other error unchanged. */
export function withoutKey<Found>(error: Found, key: string | null): Found | GatewayError {
  if (!(error instanceof GatewayError) || key === null) return error;
  const message = withKeyMasked(error.message, key);
  const extra = JSON.stringify(error.extra);
  const isQuiet = withKeyMasked(extra, key) === extra;
  if (message === error.message && isQuiet) return error;
  const { code, status, type, shownCode, param, headers, cause } = error;
  const kept = isQuiet ? { extra: error.extra } : {};
  return new GatewayError(code, message, {
    status,
    type,
    shownCode,
    param,
    headers,
    cause,
    ...kept,
  });
}
