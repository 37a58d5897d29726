import { isJsonObject, type JsonObject } from "../dialects/json/json-body.ts";
import { GatewayError } from "../errors.ts";

/**
 * The JSON object that an upstream answered with. Throws `upstream_error` for anything else: what
 * is wrong with an answer is no fault of the client's request.
 */
export function answeredObject(bytes: Buffer): JsonObject {
  let value: unknown = null;
  try {
    value = JSON.parse(bytes.toString());
  } catch {}
  if (isJsonObject(value)) return value;
  throw new GatewayError("upstream_error", "The upstream's answer is not JSON.");
}
