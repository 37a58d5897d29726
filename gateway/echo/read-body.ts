import type { IncomingMessage } from "node:http";
import { GatewayError } from "../errors.ts";
import { isJsonObject, type JsonObject } from "../json-object.ts";

/** The largest request body in bytes. The gateway in front has its own bound. */
const maxBytes = 64 * 1024 * 1024;

/** Reads a body that is a JSON object. Rejects with 400, or with 413 if it is too large. */
export async function readBody(request: IncomingMessage): Promise<JsonObject> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes) {
      throw new GatewayError("body_too_large", `The body is larger than ${maxBytes} bytes.`);
    }
    chunks.push(chunk);
  }
  const value = parsed(Buffer.concat(chunks).toString("utf8"));
  if (isJsonObject(value)) return value;
  throw new GatewayError("invalid_json", "The body must be a JSON object.");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message would contain a part of the prompt.
    throw new GatewayError("invalid_json", "The body is not valid JSON.");
  }
}
