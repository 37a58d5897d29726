import { GatewayError } from "../errors.ts";
import { isJsonObject, type JsonObject, jsonOrNull } from "../json-object.ts";

/**
 * The JSON object that an upstream answered with. Throws `upstream_error` for anything else: what
 * is wrong with an answer is no fault of the client's request.
 */
export function answeredObject(bytes: Buffer): JsonObject {
  return answeredBy(bytes, isJsonObject);
}

/** The same for a list of models, which may be a bare list (Together) or have a name (Ollama). */
export function answeredList(bytes: Buffer): JsonObject {
  const isPage = (found: unknown): found is JsonObject | unknown[] =>
    isJsonObject(found) || Array.isArray(found);
  const page = answeredBy(bytes, isPage);
  return isJsonObject(page) ? page : { data: page, models: page };
}

function answeredBy<Found>(bytes: Buffer, isRight: (value: unknown) => value is Found): Found {
  const text = bytes.toString().replace(/^\ufeff/, "");
  const value = jsonOrNull(text);
  if (isRight(value)) return value;
  throw new GatewayError("upstream_error", "The upstream's answer is not JSON.");
}
