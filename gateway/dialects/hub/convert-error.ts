import { GatewayError } from "../../errors.ts";
import { isJsonObject } from "../../json-object.ts";
import { readUpstreamError } from "../upstream-error.ts";
import { rejectionHeaders, upstreamRejection } from "../upstream-rejection.ts";

import type { TargetName } from "./target.ts";

type ProviderError = Partial<{
  name: unknown;
  message: unknown;
  statusCode: unknown;
  responseBody: unknown;
  responseHeaders: unknown;
  type: unknown;
  functionality: unknown;
  cause: unknown;
}>;

/** The pieces of Anthropic's streams that the hub knows; newer ones may be left out. */
const knownPieces: ReadonlySet<string> = new Set([
  ...["message_start", "content_block_start", "content_block_delta", "content_block_stop"],
  ...["message_delta", "message_stop", "text", "thinking", "redacted_thinking", "tool_use"],
  ...["text_delta", "thinking_delta", "signature_delta", "input_json_delta", "citations_delta"],
]);

function isKnownPiece(value: unknown): boolean {
  if (!isJsonObject(value)) return true;
  const { type, content_block: block, delta } = value;
  const types = [type, ...[block, delta].map((one) => (isJsonObject(one) ? one.type : undefined))];
  return types.every((one) => typeof one !== "string" || knownPieces.has(one));
}

/**
 * A chunk of a kind that the hub does not know, and goes on without: Anthropic's events may become
 * more. What is of a known kind and has an unknown shape is a piece of the answer that is lost.
 */
export function isUnknownChunk(error: unknown, target: TargetName): boolean {
  if (!(error instanceof Error) || error.name !== "AI_TypeValidationError") return false;
  return target === "anthropic" && !isKnownPiece("value" in error ? error.value : undefined);
}

function gatewayErrorIn(error: unknown): GatewayError | null {
  for (let at = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    if (at instanceof GatewayError) return at;
  }
  return null;
}

function headerIn(headers: unknown, name: string): string | null {
  if (typeof headers !== "object" || headers === null) return null;
  const value = (headers as Record<string, unknown>)[name];
  return typeof value === "string" ? value : null;
}

/** An answer of the upstream that was no success, or a success that is none of its API. */
function ofCall(error: ProviderError): GatewayError {
  const body = Buffer.from(typeof error.responseBody === "string" ? error.responseBody : "");
  const type = headerIn(error.responseHeaders, "content-type") ?? "";
  if (typeof error.statusCode === "number" && error.statusCode >= 300) {
    const told = isJsonObject(error.responseHeaders) ? rejectionHeaders(error.responseHeaders) : {};
    return upstreamRejection(error.statusCode, body, type, told);
  }
  const { message } = readUpstreamError(body, type);
  const isError = message !== null && /^\s*\{\s*"error"/.test(String(error.responseBody));
  const what = isError
    ? `The upstream failed: ${message}`
    : "The upstream's answer has an unknown format.";
  return new GatewayError("upstream_error", what, { cause: error });
}

/** An error that an upstream told in its stream, in the provider's words. */
function ofStream(error: ProviderError): GatewayError {
  const status = Number(error.statusCode);
  const { message, type } = error;
  const body = Buffer.from(JSON.stringify({ error: { message, type } }));
  return upstreamRejection(status >= 400 && status <= 599 ? status : 500, body, "application/json");
}

/** What broke a conversion, as the error that a client gets. Never a provider's own error. */
export function conversionError(error: unknown): GatewayError {
  const own = gatewayErrorIn(error);
  if (own !== null) return own;
  const provided: ProviderError = typeof error === "object" && error !== null ? error : {};
  switch (provided.name) {
    case "AI_APICallError":
      return ofCall(provided);
    case "AI_UnsupportedFunctionalityError":
      return new GatewayError(
        "invalid_request",
        `The upstream of this model does not support this: ${String(provided.functionality)}.`,
        { cause: error },
      );
    case "AI_InvalidPromptError":
    case "AI_InvalidArgumentError":
      return new GatewayError(
        "invalid_request",
        `The upstream of this model would refuse this request: ${provided.message}`,
        {
          cause: error,
        },
      );
    case "AI_InvalidResponseDataError":
    case "AI_JSONParseError":
    case "AI_TypeValidationError":
    case "AI_EmptyResponseBodyError":
    case "AI_NoContentGeneratedError":
      return new GatewayError("upstream_error", "The upstream's answer has an unknown format.", {
        cause: error,
      });
    default:
      return typeof provided.statusCode === "number"
        ? ofStream(provided)
        : new GatewayError(
            "internal_error",
            "The gateway failed to convert this request or its answer.",
            {
              cause: error,
            },
          );
  }
}

/**
 * An error that stands among the parts of a stream: a text, an object of the upstream's, an Error.
 */
export function errorOfPart(error: unknown): GatewayError {
  if (error instanceof Error) return conversionError(error);
  const body = Buffer.from(JSON.stringify({ error }));
  return upstreamRejection(500, body, "application/json");
}

/** A stream that was cut off must not look finished. */
export function brokenAnswer(reason: string | undefined): GatewayError {
  const why = reason === undefined ? "is incomplete" : `failed (${reason})`;
  return new GatewayError("upstream_error", `The upstream's answer ${why}.`);
}
