import type { IncomingHttpHeaders } from "node:http";
import type { Answer } from "../answer/answer.ts";
import { GatewayError } from "../errors.ts";
import { encodingOf } from "../limits/body.ts";
import { attempt } from "../upstreams/attempt.ts";
import type { Receiver } from "../upstreams/forward.ts";
import { headersToClient } from "../upstreams/headers.ts";
import { isConvertible, isNative, lacksPath } from "../upstreams/speaks.ts";
import { learnKind, type Upstream } from "../upstreams/upstream.ts";
import { convertedSend } from "./conversion-of.ts";
import { type Member, modelAt } from "./destination.ts";
import { outboundOf } from "./outbound.ts";
import type { RoadParts } from "./parts.ts";
import { carriesOurId, type Plan, planOf } from "./plan.ts";
import type { Accepted } from "./reserve.ts";
import { shaperFor } from "./shaper-for.ts";

/**
 * The upstream sends, the meter watches, the answer writes. An upstream that turns out not to speak
 * the client's dialect is spoken to in its own. Rejects with a GatewayError.
 *
 * @param alone - no other upstream could take its place: it is worth waiting for
 */
export async function attemptUpstream(
  parts: RoadParts,
  accepted: Accepted,
  answer: Answer,
  { upstream }: Member,
  alone: boolean,
): Promise<void> {
  const { dialect } = accepted.exchange;
  const native = isNative(upstream, dialect);
  try {
    await attemptOnce(parts, accepted, answer, { upstream, alone, converts: !native });
  } catch (error) {
    if (!native || answer.begun || !lacksPath(error) || !isConvertible(upstream, dialect)) {
      throw error;
    }
    await attemptOnce(parts, accepted, answer, { upstream, alone, converts: true });
    // It was the path it did not know, not the model.
    upstream.lacks.add(dialect);
  }
}

type Given = { upstream: Upstream; alone: boolean; converts: boolean };

function attemptOnce(
  parts: RoadParts,
  accepted: Accepted,
  answer: Answer,
  { upstream, alone, converts }: Given,
): Promise<void> {
  const { exchange, destination } = accepted;
  const model = modelAt(destination, upstream);
  const plan = planOf(accepted, answer, {
    upstream,
    converts,
    model,
    cost: costTellerOf(parts, accepted, model),
    streamUpstream: parts.streamUpstream,
  });
  return attempt({
    upstream,
    outbound: outboundOf(parts, accepted, upstream, plan),
    ...(converts ? { send: convertedSend(parts, accepted, upstream, model) } : {}),
    signal: exchange.signal,
    committed: () => answer.committed,
    patienceMs: alone ? parts.timeouts.firstByteMs || Number.POSITIVE_INFINITY : 0,
    receiver: receiverFor(parts, accepted, answer, { plan, upstream }),
  });
}

/** OpenRouter's clients read in the answer what it cost. */
function costTellerOf(
  parts: RoadParts,
  { exchange, asked, meter }: Accepted,
  upstreamModel: string | null,
): Plan["cost"] {
  if (!exchange.isOpenRouter || !carriesOurId.has(exchange.dialect)) return null;
  const startedAt = performance.now();
  const { model } = asked.fields;
  return () => {
    const usage = meter.told();
    const upstreamMs = performance.now() - startedAt;
    return parts.costOf({ model, upstreamModel: upstreamModel ?? model, usage, upstreamMs });
  };
}

function receiverFor(
  { telemetry }: Pick<RoadParts, "telemetry">,
  accepted: Accepted,
  answer: Answer,
  { plan, upstream }: { plan: Plan; upstream: Upstream },
): Receiver {
  return {
    head(status: number, headers: IncomingHttpHeaders): void {
      learnKind(upstream, headers.server);
      // It was asked for as it is. What comes compressed all the same passes, unread.
      const isPlain = encodingOf(headers) === null;
      const type = isPlain ? String(headers["content-type"] ?? "") : "";
      if (accepted.asked.json && type.startsWith("text/html")) {
        throw new GatewayError(
          "upstream_error",
          "The upstream answered with a web page instead of JSON.",
        );
      }
      const dropped = plan.converts ? headers["x-gateway-dropped"] : undefined;
      if (dropped !== undefined) telemetry.dropped(accepted.exchange, String(dropped));
      const streams = type.startsWith("text/event-stream");
      const assembles = streams && plan.assembles;
      const isAwaited = isPlain && (streams && !assembles) === accepted.asked.fields.stream;
      if (answer.committed && !isAwaited) {
        throw new GatewayError(
          "upstream_error",
          "The upstream sent a different kind of answer (a stream or JSON) than the request asked for.",
        );
      }
      const shaper = shaperFor(accepted, answer, type, plan);
      const shown = headersToClient(headers, shaper.edits);
      answer.begin(status, assembles ? jsonHeaders(shown) : shown, shaper);
      accepted.meter.begun(status);
    },
    data: (chunk) => answer.data(chunk),
    isComplete: () => answer.saidAll,
    whenDrained: (resume) => answer.whenDrained(resume),
  };
}

/** The head of a stream says things that do not hold for the JSON it is put together to. */
function jsonHeaders(headers: Record<string, string | string[]>): typeof headers {
  const { "cache-control": _cache, "x-accel-buffering": _buffering, ...rest } = headers;
  return { ...rest, "content-type": "application/json; charset=utf-8" };
}
