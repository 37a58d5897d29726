import { dialects } from "../dialects/all.ts";
import { isUnchanged } from "../dialects/edit-body.ts";
import type { BodyWork } from "../dialects/tasks/body-thread.ts";
import type { Outbound } from "../upstreams/forward.ts";
import { credentialsOf, headersToUpstream, keyOf } from "../upstreams/headers.ts";
import { leftWorkEnded } from "../upstreams/left-work.ts";
import { kindOf, type Upstream } from "../upstreams/upstream.ts";
import type { Plan } from "./plan.ts";
import type { GenerationRequest } from "./read-request.ts";
import type { Accepted } from "./reserve.ts";

/** Milliseconds; 0 is off. */
export type OutboundTimeouts = { readonly firstByteMs: number; readonly idleMs: number };

export type OutboundParts = {
  timeouts: OutboundTimeouts;
  work: Pick<BodyWork, "run" | "isLarge">;
};

type Edited = { body: GenerationRequest["body"]; changed: readonly string[] };

/**
 * The body as the plan wants it; `changed` names what was mended. A promise only if it is edited.
 */
export function editedBody(
  { work }: Pick<OutboundParts, "work">,
  { exchange, request }: Accepted,
  { converts, model, assembles, addsUsage, addsProgress, fits, dropsThoughts, demotes }: Plan,
): Edited | Promise<Edited> {
  const { body, parsed } = request;
  const edits = { model, assembles, addsUsage, addsProgress, fits, dropsThoughts, demotes };
  if (!Buffer.isBuffer(body) || !parsed || converts || isUnchanged(edits)) {
    return { body, changed: [] };
  }
  const { dialect, signal } = exchange;
  return work.run("edit", body, { dialect, edits }, signal);
}

type OutboundOfSlot = Pick<Outbound, "body" | "check"> & {
  readonly plan: Plan;
  readonly traceparent: string | null;
};

/** What an upstream is sent of an accepted generation. */
export function outboundOf(
  { timeouts }: Pick<OutboundParts, "timeouts">,
  { exchange, identity, request }: Accepted,
  upstream: Upstream,
  { plan, body, traceparent, check }: OutboundOfSlot,
): Outbound {
  const { inflated, headers } = request;
  const isWhole = Buffer.isBuffer(body);
  const streams = request.fields.stream || plan.assembles;
  const dialect = dialects[exchange.dialect];
  const kind = kindOf(upstream, plan.model ?? request.fields.model);
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
      traceparent,
    }),
    body,
    check,
    firstByteMs: timeouts.firstByteMs,
    idleMs: timeouts.idleMs,
    // A streamed body cannot be sent twice, so it never risks a dying connection.
    fresh: !isWhole || (streams && upstream.closesStreams !== false),
    leftWorkEnded:
      !streams && kind === "llamacpp"
        ? (signal) => leftWorkEnded(upstream, plan.model ?? request.fields.model, signal)
        : undefined,
  };
}
