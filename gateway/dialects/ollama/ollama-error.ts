import type { GatewayError } from "../../errors.ts";
import type { DialectErrors } from "../dialect.ts";
import { asciiJson } from "../json/ascii-json.ts";

/** Ollama's own words for a model that is not there: some clients look for them. */
function textOf({ code, message, model }: GatewayError): string {
  return code === "model_not_found" && model !== null ? `model '${model}' not found` : message;
}

const body = (error: GatewayError): string => asciiJson({ error: textOf(error) });

/** `{"error": "…"}`, before the answer and as a line in it (Ollama's docs/api/errors). */
export const ollamaErrors: DialectErrors = {
  body,
  event: (error) => `${body(error)}\n`,
  isRaised: (_event, { error }) => typeof error === "string",
};
