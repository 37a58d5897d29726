import type { GatewayError } from "../errors.ts";
import type { Dialect } from "../exchange.ts";
import { asciiJson } from "./json/ascii-json.ts";

/** Anthropic's error types by status (docs.claude.com/en/api/errors); the rest below. */
const anthropicTypes: Readonly<Record<number, string>> = {
  401: "authentication_error",
  402: "billing_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  503: "overloaded_error",
  504: "timeout_error",
  529: "overloaded_error",
};

/** Gemini's `status`, the names of google.rpc.Code. */
const geminiStatuses: Readonly<Record<number, string>> = {
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  409: "ABORTED",
  429: "RESOURCE_EXHAUSTED",
  499: "CANCELLED",
  500: "INTERNAL",
  501: "UNIMPLEMENTED",
  502: "UNAVAILABLE",
  503: "UNAVAILABLE",
  504: "DEADLINE_EXCEEDED",
  529: "UNAVAILABLE",
};

/** OpenAI's error object: all four keys always; further fields never take their place. */
function openaiError(error: GatewayError): Record<string, unknown> {
  const four = {
    message: error.message,
    type: error.type,
    param: error.param,
    code: error.shownCode,
  };
  return { ...four, ...error.extra, ...four };
}

function anthropicError(error: GatewayError, requestId: string): Record<string, unknown> {
  const fallback = error.status >= 500 ? "api_error" : "invalid_request_error";
  const two = { type: anthropicTypes[error.status] ?? fallback, message: error.message };
  return { type: "error", error: { ...two, ...error.extra, ...two }, request_id: requestId };
}

function geminiError(error: GatewayError): Record<string, unknown> {
  const fallback = error.status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT";
  const status = geminiStatuses[error.status] ?? fallback;
  return { error: { code: error.status, message: error.message, status } };
}

/** The JSON text, in ASCII, that answers `error` with its status in the client's dialect. */
export function errorBody(error: GatewayError, dialect: Dialect, requestId: string): string {
  if (dialect === "messages") return asciiJson(anthropicError(error, requestId));
  if (dialect === "gemini") return asciiJson(geminiError(error));
  return asciiJson({ error: openaiError(error) });
}

/**
 * The same as a whole server-sent event, for a stream that has its 200 already: the form that every
 * client of the dialect raises. Messages and Responses clients look for the `event:` line. The AI
 * SDK takes an error of Responses only with a number as `sequence_number` and a string as `code`.
 */
export function errorEvent(
  error: GatewayError,
  dialect: Dialect,
  requestId: string,
  sequence = 0,
): string {
  if (dialect === "responses") {
    const body = { type: "error", sequence_number: sequence, error: openaiError(error) };
    return `event: error\ndata: ${asciiJson(body)}\n\n`;
  }
  const body = errorBody(error, dialect, requestId);
  return dialect === "messages" ? `event: error\ndata: ${body}\n\n` : `data: ${body}\n\n`;
}
