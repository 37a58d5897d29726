import { dialects } from "../dialects/all.ts";
import type { Outbound } from "../upstreams/forward.ts";
import { credentialsOf, headersToUpstream, keyOf } from "../upstreams/headers.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import { bodyOf, type Plan } from "./plan.ts";
import type { Accepted } from "./reserve.ts";

/** Milliseconds; 0 is off. */
export type OutboundTimeouts = { readonly firstByteMs: number; readonly idleMs: number };

/** What an upstream is sent of an accepted generation. */
export function outboundOf(
  timeouts: OutboundTimeouts,
  { exchange, identity, request }: Accepted,
  upstream: Upstream,
  plan: Plan,
): Outbound {
  const { body, parsed, inflated, headers } = request;
  const isWhole = Buffer.isBuffer(body);
  const streams = request.fields.stream || plan.assembles;
  const dialect = dialects[exchange.dialect];
  const path =
    plan.model === null ? exchange.path : dialect.request.pathWithModel(exchange.path, plan.model);
  return {
    method: exchange.method,
    path: upstream.prefix + path + exchange.query,
    // A conversion writes another request: of the client's headers only the key may matter to it.
    headers: headersToUpstream(plan.converts ? credentialsOf(headers) : headers, {
      user: identity.user,
      requestId: exchange.requestId,
      ...keyOf(upstream),
      inflated,
      identity: true,
    }),
    body: isWhole && parsed && !plan.converts ? bodyOf(body, plan, dialect) : body,
    firstByteMs: timeouts.firstByteMs,
    idleMs: timeouts.idleMs,
    // A streamed body cannot be sent twice, so it never risks a dying connection.
    fresh: !isWhole || (streams && upstream.kind !== "openai"),
  };
}
