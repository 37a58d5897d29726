import type { IncomingMessage, ServerResponse } from "node:http";
import type { GatewayError } from "../errors.ts";
import { endEarly } from "./end-early.ts";
import { bodyOfError } from "./error-text.ts";
import { type Shown, setIdentityHeaders } from "./identity-headers.ts";

/**
 * An error with its real status, while nothing else has been sent. Where the request's body has not
 * arrived, the connection closes with the answer.
 */
export function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  shown: Shown,
  error: GatewayError,
): void {
  const body = bodyOfError(error, shown);
  setIdentityHeaders(response, shown);
  for (const name in error.headers) response.setHeader(name, error.headers[name] ?? "");
  response.setHeader("content-type", "application/json");
  response.setHeader("content-length", Buffer.byteLength(body));
  const toSend = request.method === "HEAD" ? null : body;
  if (hasArrived(request)) {
    response.writeHead(error.status).end(toSend);
    return;
  }
  response.setHeader("connection", "close");
  response.writeHead(error.status);
  if (toSend !== null) response.write(toSend);
  endEarly(request, response);
}

/** Nothing more comes of it: it is complete, or has no body and Node has only not said so yet. */
function hasArrived({ complete, headers }: IncomingMessage): boolean {
  const { "content-length": length, "transfer-encoding": encoding } = headers;
  return complete || (encoding === undefined && (length === undefined || length === "0"));
}
