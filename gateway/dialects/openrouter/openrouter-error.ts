import { type ErrorCode, GatewayError } from "../../errors.ts";
import { asciiJson } from "../json/ascii-json.ts";
import type { BrokenStream } from "../stream-error.ts";

/** OpenRouter's `error_type` for each error of ours (its OpenAPI, `ApiErrorType`). */
const typesByCode: Readonly<Record<ErrorCode, string>> = {
  invalid_request: "invalid_request",
  invalid_json: "invalid_request",
  invalid_path: "invalid_request",
  invalid_api_key: "authentication",
  key_in_query: "authentication",
  not_allowed: "permission_denied",
  not_found: "not_found",
  model_not_found: "not_found",
  body_timeout: "timeout",
  body_too_large: "payload_too_large",
  unsupported_encoding: "invalid_request",
  unknown_host: "invalid_request",
  rate_limit_exceeded: "rate_limit_exceeded",
  client_closed: "unmapped",
  cancelled: "unmapped",
  internal_error: "server",
  not_supported: "unmapped",
  upstream_unreachable: "provider_unavailable",
  upstream_error: "provider_unavailable",
  upstream_auth: "provider_unavailable",
  invalid_invite: "not_found",
  conflict: "invalid_request",
  invalid_user_assertion: "authentication",
  invite_expired: "not_found",
  users_file_unusable: "server",
  ledger_busy: "server",
  queue_full: "provider_overloaded",
  memory_full: "provider_overloaded",
  no_keeper: "provider_overloaded",
  shutting_down: "provider_overloaded",
  slot_lost: "provider_overloaded",
  upstream_loading: "provider_overloaded",
  upstream_timeout: "timeout",
  overloaded: "provider_overloaded",
  upstream_rejected: "invalid_request",
};

/** For an upstream's own refusal. */
const typesByStatus: Readonly<Record<number, string>> = {
  402: "payment_required",
  404: "not_found",
  408: "timeout",
  412: "precondition_failed",
  413: "payload_too_large",
  422: "unprocessable",
  429: "rate_limit_exceeded",
};

const tooLong = "context_length_exceeded";

/** The one word of OpenRouter's vocabulary that says what went wrong. */
export function openRouterErrorType({ code, status, shownCode }: GatewayError): string {
  if (shownCode === tooLong) return tooLong;
  return (code === "upstream_rejected" ? typesByStatus[status] : null) ?? typesByCode[code];
}

/** The error object: `code` is the status, a number; OpenAI's would be a text. */
export function openRouterError(error: GatewayError): Record<string, unknown> {
  return {
    code: error.status,
    message: error.message,
    type: error.status >= 500 ? "api_error" : error.type,
    metadata: {
      ...error.extra,
      error_type: openRouterErrorType(error),
      provider_code: error.shownCode,
      ...(error.param === null ? {} : { param: error.param }),
    },
  };
}

/** The same error with OpenRouter's error type, for dialects that keep their own form. */
export function withOpenRouterType(error: GatewayError): GatewayError {
  const { code, message, status, type, shownCode, param, headers } = error;
  const extra = { ...error.extra, error_type: openRouterErrorType(error) };
  return new GatewayError(code, message, {
    ...{ status, type, shownCode, param, headers, extra },
    cause: error,
  });
}

/** The JSON text, in ASCII, that answers `error` below /api/v1. */
export function openRouterErrorBody(error: GatewayError): string {
  return asciiJson({ error: openRouterError(error) });
}

/** The same as a whole server-sent event. */
export function openRouterErrorData(error: GatewayError): string {
  return `data: ${openRouterErrorBody(error)}\n\n`;
}

/**
 * The same as a chunk like all others, so that a client which checks shapes takes it, with `error`
 * beside its choices.
 * @param object - the chunk's `object`
 * @param choice - what a choice of such a chunk holds if it says nothing
 */
export function openRouterErrorChunk(
  object: string,
  choice: object,
): (error: GatewayError, stream: BrokenStream) => string {
  const choices = [{ index: 0, finish_reason: "error", logprobs: null, ...choice }];
  return (error, { requestId, startedAt, model }) => {
    const chunk = {
      id: requestId,
      object,
      created: Math.floor(startedAt / 1000),
      model: model ?? "",
      error: openRouterError(error),
      choices,
    };
    return `data: ${asciiJson(chunk)}\n\n`;
  };
}
