import type { GatewayError } from "../../errors.ts";
import { isJsonObject } from "../../json-object.ts";
import { overflowMessage } from "../context-overflow.ts";
import type { DialectErrors } from "../dialect.ts";
import { asciiJson } from "../json/ascii-json.ts";

/** Gemini's `status`, the names of google.rpc.Code. */
const statuses: Readonly<Record<number, string>> = {
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

function body(error: GatewayError): string {
  const fallback = error.status >= 500 ? "INTERNAL" : "INVALID_ARGUMENT";
  const status = statuses[error.status] ?? fallback;
  const message = overflowMessage(
    error,
    /input token count.*exceeds/i,
    (prompt, limit) => `The input token count (${prompt}) exceeds the maximum allowed (${limit}).`,
    "The input token count exceeds the maximum allowed",
  );
  return asciiJson({ error: { code: error.status, message, status } });
}

export const geminiErrors: DialectErrors = {
  body,
  event: (error) => `data: ${body(error)}\n\n`,
  isRaised: (_event, { error }) =>
    isJsonObject(error) && typeof error.message === "string" && typeof error.status === "string",
};
