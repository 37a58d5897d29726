import type { IncomingHttpHeaders } from "node:http";
import type { Answer } from "../answer/answer.ts";
import { createBytesShaper } from "../answer/bytes-shaper.ts";
import { createEventShaper } from "../answer/event-shaper.ts";
import { createJsonShaper } from "../answer/json-shaper.ts";
import type { Shaper } from "../answer/shaper.ts";
import { withIncludeUsage } from "../dialects/json-edit.ts";
import { GatewayError } from "../errors.ts";
import type { Dialect } from "../exchange.ts";
import { attempt } from "../upstreams/attempt.ts";
import type { Outbound } from "../upstreams/forward.ts";
import { headersToClient, headersToUpstream } from "../upstreams/headers.ts";
import type { RoadParts } from "./parts.ts";
import type { Accepted } from "./reserve.ts";

/** The dialects whose answers carry the request id as their top-level `id`. */
const carriesOurId = new Set<Dialect>(["chat", "completions"]);

/** The dialects whose JSON answers are read whole; others may be long, or no JSON at all. */
const readsWhole = new Set<Dialect>(["chat", "completions", "messages", "responses"]);

/** The upstream sends, the meter watches, the answer writes. Rejects with a GatewayError. */
export async function attemptOnce(
  parts: RoadParts,
  accepted: Accepted,
  answer: Answer,
): Promise<void> {
  const { exchange, asked, destination, meter } = accepted;
  const { upstream } = destination;
  const addsUsage = mustAskForUsage(accepted);
  await attempt({
    upstream,
    outbound: outboundOf(parts, accepted, addsUsage),
    signal: exchange.signal,
    committed: () => answer.committed,
    patienceMs: parts.timeouts.firstByteMs,
    receiver: {
      head(status: number, headers: IncomingHttpHeaders): void {
        const type = String(headers["content-type"] ?? "");
        const streams = type.startsWith("text/event-stream");
        if (answer.committed && streams !== asked.fields.stream) {
          throw new GatewayError("upstream_error", "The upstream answered in another form.");
        }
        const shaper = shaperFor(accepted, type, addsUsage);
        answer.begin(status, headersToClient(headers, shaper.edits), shaper);
        meter.begun(status);
      },
      data: (chunk) => answer.data(chunk),
      whenDrained: (resume) => answer.whenDrained(resume),
    },
  });
  meter.ended();
}

function shaperFor({ exchange, meter }: Accepted, type: string, dropUsage: boolean): Shaper {
  const { dialect, requestId } = exchange;
  const id = carriesOurId.has(dialect) ? requestId : null;
  if (type.startsWith("text/event-stream")) {
    return createEventShaper({ dialect, id, dropUsage, watch: meter.event });
  }
  if (readsWhole.has(dialect) && type.includes("json")) {
    return createJsonShaper({ id, watch: meter.body });
  }
  return createBytesShaper(type.includes("json") ? meter.chunk : () => {});
}

/** Streams of the OpenAI family tell their usage only when asked; llama.cpp's `timings` would be lost. */
function mustAskForUsage({ exchange, asked, destination }: Accepted): boolean {
  if (!asked.fields.stream || destination.upstream.kind === "llamacpp") return false;
  if (exchange.dialect !== "chat" && exchange.dialect !== "completions") return false;
  return !asked.fields.includeUsage;
}

function outboundOf(parts: RoadParts, accepted: Accepted, addsUsage: boolean): Outbound {
  const { exchange, identity, asked, destination } = accepted;
  const { upstream } = destination;
  const streamedBody = !Buffer.isBuffer(asked.body);
  return {
    method: exchange.method,
    path: upstream.prefix + exchange.path + exchange.query,
    headers: headersToUpstream(asked.headers, {
      user: identity.user,
      requestId: exchange.requestId,
      upstreamKey: upstream.key,
      inflated: asked.inflated,
      identity: true,
    }),
    body: Buffer.isBuffer(asked.body) && addsUsage ? withIncludeUsage(asked.body) : asked.body,
    firstByteMs: parts.timeouts.firstByteMs,
    idleMs: parts.timeouts.idleMs,
    // A streamed body cannot be sent twice, so it never risks a dying connection.
    fresh: streamedBody || (asked.fields.stream && upstream.kind !== "openai"),
  };
}
