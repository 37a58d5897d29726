import { isAscii, isUtf8 } from "node:buffer";
import { GatewayError } from "../../errors.ts";
import { isJsonObject, type JsonObject } from "../../json-object.ts";
import { faultOffset } from "./bad-json.ts";
import { refuseHostileShape } from "./json-shape.ts";

/** Names the place and never quotes it: the body is a prompt. */
function faultMessage(text: string): string {
  const offset = faultOffset(text);
  const what = "The request body is not valid JSON";
  if (offset < 0) return `${what}.`;
  if (offset >= text.length) return `${what}: it ends too early, after ${text.length} characters.`;
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) line++;
  const column = offset - text.lastIndexOf("\n", offset - 1);
  return `${what} at character ${offset} (line ${line}, column ${column}).`;
}

/**
 * Parses a request body, which must be one JSON object in UTF-8; a BOM is accepted. Throws
 * `invalid_json` or `invalid_request` (400) with a message that says where, without a piece of the
 * body. `parse` reads the text, and throws where it is no JSON.
 */
export function parseObject(
  bytes: Buffer,
  mostValues?: number,
  parse: (text: string) => unknown = JSON.parse,
): JsonObject {
  if (bytes.length === 0) throw new GatewayError("invalid_json", "The request body is empty.");
  if (!isUtf8(bytes)) {
    throw new GatewayError("invalid_json", "The request body is not valid UTF-8.");
  }
  refuseHostileShape(bytes, mostValues);
  const decoded = bytes.toString(isAscii(bytes) ? "latin1" : "utf8");
  const text = decoded.charCodeAt(0) === 0xfeff ? decoded.slice(1) : decoded;
  let value: unknown;
  try {
    value = parse(text);
  } catch {
    throw new GatewayError("invalid_json", faultMessage(text));
  }
  if (!isJsonObject(value)) {
    throw new GatewayError("invalid_request", "The request body must be a JSON object.");
  }
  return value;
}
