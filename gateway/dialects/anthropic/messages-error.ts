import type { GatewayError } from "../../errors.ts";
import { isJsonObject } from "../../json-object.ts";
import { overflowMessage } from "../context-overflow.ts";
import type { DialectErrors } from "../dialect.ts";
import { asciiJson } from "../json/ascii-json.ts";

/** Anthropic's error types by status (docs.claude.com/en/api/errors); the rest below. */
const typesByStatus: Readonly<Record<number, string>> = {
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

function body(error: GatewayError, requestId: string): string {
  const fallback = error.status >= 500 ? "api_error" : "invalid_request_error";
  const message = overflowMessage(
    error,
    /prompt is too long/i,
    (prompt, limit) => `prompt is too long: ${prompt} tokens > ${limit} maximum`,
    "prompt is too long",
  );
  const two = { type: typesByStatus[error.status] ?? fallback, message };
  return asciiJson({
    type: "error",
    error: { ...two, ...error.extra, ...two },
    request_id: requestId,
  });
}

export const messagesErrors: DialectErrors = {
  body,
  // Clients look for the `event:` line.
  event: (error, { requestId }) => `event: error\ndata: ${body(error, requestId)}\n\n`,
  isRaised(event, { type, error }) {
    if (!isJsonObject(error) || typeof error.message !== "string") return false;
    return event.startsWith("event:") && type === "error";
  },
};
