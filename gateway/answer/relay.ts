import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import {
  maxRejectionBytes,
  rejectionHeaders,
  upstreamRejection,
} from "../dialects/upstream-rejection.ts";
import type { GatewayError } from "../errors.ts";
import { type Shown, setIdentityHeaders } from "./identity-headers.ts";
import { refuse } from "./refuse.ts";

type Relayed = Readable & Pick<IncomingMessage, "statusCode" | "headers">;

/**
 * Passes on the answer to a read unchanged, except for its headers. An upstream's error is written
 * in the client's dialect, like those of generations.
 *
 * @param shownError - what of such an error the client may see
 */
export function relay(
  request: IncomingMessage,
  response: ServerResponse,
  shown: Shown,
  upstream: Relayed,
  headers: Record<string, string | string[]>,
  shownError: (error: GatewayError) => GatewayError,
): void {
  const status = upstream.statusCode ?? 502;
  // A read asks for no other protocol, so a server that changes it is at fault.
  if (status >= 400 || status < 200) {
    relayError(request, response, shown, upstream, shownError);
    return;
  }
  setIdentityHeaders(response, shown);
  for (const name in headers) response.setHeader(name, headers[name] ?? "");
  response.writeHead(status);
  // Without a first write the head of a quiet event stream would wait for its first event.
  response.flushHeaders();
  // The proxy ends either side with the other, but knows nothing of what inflates an answer.
  upstream.once("error", () => response.destroy());
  upstream.pipe(response);
}

function relayError(
  request: IncomingMessage,
  response: ServerResponse,
  shown: Shown,
  upstream: Relayed,
  shownError: (error: GatewayError) => GatewayError,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  let isAnswered = false;
  const tell = (): void => {
    if (isAnswered || response.headersSent) return;
    isAnswered = true;
    const type = upstream.headers["content-type"] ?? "";
    const body = Buffer.concat(chunks);
    const told = rejectionHeaders(upstream.headers);
    const error = upstreamRejection(upstream.statusCode ?? 502, body, type, told);
    refuse(request, response, shown, shownError(error));
  };
  upstream.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxRejectionBytes) chunks.push(chunk);
    else upstream.destroy();
  });
  // Before the proxy, which ends the client's side with an upstream that breaks off.
  upstream.once("error", tell).once("close", tell);
}
