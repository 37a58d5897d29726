import type { IncomingMessage, ServerResponse } from "node:http";
import { GatewayError } from "../errors.ts";
import { isJsonObject, type JsonObject, jsonOrNull } from "../json-object.ts";
import type { BodyReader } from "../limits/body.ts";
import type { Viewer } from "./gateway-call.ts";

export type ReadFieldsParts = { bodies: Pick<BodyReader, "read"> };

/** The fields of a call's body, at most; a user with a thousand models has 64 KiB. */
const mostBytes = 256 * 1024;

/**
 * Reads the JSON object of a call; no body is no fields.
 * @throws GatewayError 400 for anything else, and for a field that the call does not know
 */
export async function readFields(
  { bodies }: ReadFieldsParts,
  { exchange, identity }: Pick<Viewer, "exchange"> & { identity?: Viewer["identity"] },
  request: IncomingMessage,
  response: ServerResponse,
  known: readonly string[],
): Promise<JsonObject> {
  const declared = Number(request.headers["content-length"] ?? 0);
  if (declared > mostBytes) throw tooLong();
  const body = await bodies.read(request, response, {
    ...{ user: identity?.user ?? "", signal: exchange.signal },
  });
  try {
    if (body.bytes.length > mostBytes) throw tooLong();
    const text = body.bytes.toString("utf8");
    const fields = text.trim() === "" ? {} : jsonOrNull(text);
    if (!isJsonObject(fields)) {
      throw new GatewayError("invalid_json", "The body must be a JSON object.");
    }
    const unknown = Object.keys(fields).find((name) => !known.includes(name));
    if (unknown === undefined) return fields;
    throw new GatewayError("invalid_request", `Unknown field; there are ${known.join(", ")}.`, {
      param: unknown.slice(0, 64),
    });
  } finally {
    body.free();
  }
}

const tooLong = (): GatewayError =>
  new GatewayError("body_too_large", `The body is larger than ${mostBytes} bytes.`);

/** A text of the body. @throws GatewayError 400 if it is missing or no text */
export function textField(fields: JsonObject, name: string): string {
  const value = fields[name];
  if (typeof value === "string" && value !== "") return value;
  throw new GatewayError("invalid_request", `The field ${name} must be a text.`, { param: name });
}
