import { GatewayError } from "../errors.ts";
import { isJsonObject, type JsonObject, jsonOrNull } from "../json-object.ts";

/**
 * The JSON object that an upstream answered with. Throws `upstream_error` for anything else: what
 * is wrong with an answer is no fault of the client's request.
 */
export function answeredObject(bytes: Buffer): JsonObject {
  const value = jsonOrNull(bytes.toString());
  if (isJsonObject(value)) return value;
  throw new GatewayError("upstream_error", "The upstream's answer is not JSON.");
}
