import type { Headers as OutboundHeaders } from "./headers.ts";

/**
 * Of what the road prepared: the key, who asks, and tracing. The rest speaks of the client's own
 * dialect.
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

/** Of what the provider says; its key is none. */
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
