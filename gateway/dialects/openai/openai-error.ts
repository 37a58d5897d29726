import type { GatewayError } from "../../errors.ts";
import { isJsonObject } from "../../json-object.ts";
import type { DialectErrors } from "../dialect.ts";
import { asciiJson } from "../json/ascii-json.ts";

/** OpenAI's error object: all four keys always; further fields never take their place. */
export function openAiError(error: GatewayError): Record<string, unknown> {
  const four = {
    message: error.message,
    type: error.type,
    param: error.param,
    code: error.shownCode,
  };
  return { ...four, ...error.extra, ...four };
}

function body(error: GatewayError): string {
  return asciiJson({ error: openAiError(error) });
}

export const openAiErrors: DialectErrors = {
  body,
  event: (error) => `data: ${body(error)}\n\n`,
  // llama.cpp writes a number as `code`, which clients do not take.
  isRaised(_event, { error }) {
    if (!isJsonObject(error) || typeof error.message !== "string") return false;
    const isComplete = ["type", "param", "code"].every((key) => key in error);
    return isComplete && typeof error.code !== "number";
  },
};
