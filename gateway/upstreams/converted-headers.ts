import type { Headers as OutboundHeaders } from "./headers.ts";

/**
 * From the prepared headers: the key, the user's name, and tracing. The others belong to the
 * client's own dialect.
 */
const fromRoad = new Set([
  "authorization",
  "x-api-key",
  "x-goog-api-key",
  "accept-encoding",
  "x-gateway-user",
  "x-request-id",
  "traceparent",
  "tracestate",
]);

/** From the provider's headers. Its key is a placeholder. */
const fromProvider = ["content-type", "anthropic-version", "anthropic-beta"];

/** The headers of a converted request: nothing that the client wrote itself. */
export function convertedHeaders(
  prepared: OutboundHeaders,
  provider: RequestInit["headers"],
): OutboundHeaders {
  const out: OutboundHeaders = { accept: "application/json, text/event-stream" };
  for (const name in prepared) {
    const value = prepared[name];
    if (value !== undefined && fromRoad.has(name)) out[name] = value;
  }
  const theirs = new Headers(provider);
  for (const name of fromProvider) {
    const value = theirs.get(name);
    if (value !== null) out[name] = value;
  }
  return out;
}
