import { GatewayError } from "../errors.ts";
import { certificateTrouble } from "./certificate-trouble.ts";
import { ProxyTrouble } from "./tunnel.ts";
import { errors } from "./undici-parts.ts";

const code = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : "";

/** Converts a connection error to an upstream into the client's error. It names no address. */
export function upstreamTrouble(cause: unknown): GatewayError {
  if (cause instanceof GatewayError) return cause;
  if (cause instanceof errors.ConnectTimeoutError) {
    return new GatewayError("upstream_unreachable", "The upstream did not accept a connection.", {
      cause,
    });
  }
  if (cause instanceof errors.HeadersTimeoutError) {
    return new GatewayError("upstream_timeout", "The upstream sent no answer in time.", { cause });
  }
  if (cause instanceof errors.BodyTimeoutError) {
    return new GatewayError(
      "upstream_timeout",
      "The upstream stopped sending in the middle of its answer.",
      {
        cause,
      },
    );
  }
  if (cause instanceof ProxyTrouble) {
    return new GatewayError("upstream_unreachable", cause.message, { cause });
  }
  const insecure = certificateTrouble(code(cause));
  if (insecure !== null || brokenHandshake(cause)) {
    const why = insecure ?? "it closed the connection during the TLS handshake";
    return new GatewayError("upstream_unreachable", `The upstream cannot be reached: ${why}.`, {
      cause,
    });
  }
  if (neverConnected(cause)) {
    return new GatewayError(
      "upstream_unreachable",
      `The upstream cannot be reached (${code(cause)}).`,
      { cause },
    );
  }
  if (brokeOff(cause)) {
    return new GatewayError("upstream_error", "The upstream broke off its answer.", { cause });
  }
  if (code(cause) === "") {
    // Not a connection error: our own code threw while it handled the answer.
    return new GatewayError("internal_error", "The gateway failed on this answer.", { cause });
  }
  if (cause instanceof errors.HTTPParserError) {
    return new GatewayError("upstream_error", "The upstream's answer is not HTTP.", { cause });
  }
  return new GatewayError("upstream_error", "The upstream broke off its answer.", { cause });
}

/** An answer that ends inside a chunk ends in the parser, which tells it by code or in words. */
const brokeOff = (cause: unknown): boolean =>
  cause instanceof errors.HTTPParserError &&
  (code(cause) === "HPE_INVALID_EOF_STATE" || /invalid eof/i.test(cause.message));

const unreachable = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EHOSTDOWN",
  "ETIMEDOUT",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Node has no code, only a message, for a connection that closed before its handshake ended. */
const brokenHandshake = (error: unknown): boolean =>
  code(error) === "ECONNRESET" && /before secure TLS connection/.test((error as Error).message);

/** No connection was made, so the upstream has seen nothing. */
export function neverConnected(error: unknown): boolean {
  if (error instanceof ProxyTrouble || brokenHandshake(error)) return true;
  const causes = error instanceof AggregateError ? error.errors : [error];
  return causes.some((cause) => unreachable.has(code(cause)));
}

/** A kept connection was closed by the other side just as it was used again. */
export function brokenSocket(error: unknown): boolean {
  const found = code(error);
  return found === "UND_ERR_SOCKET" || found === "ECONNRESET" || found === "EPIPE";
}
