import type { IncomingHttpHeaders } from "node:http";
import type { Answer } from "../answer/answer.ts";
import { createAssembleShaper } from "../answer/assemble-shaper.ts";
import { createBytesShaper } from "../answer/bytes-shaper.ts";
import { createEventShaper } from "../answer/event-shaper.ts";
import { createJsonShaper } from "../answer/json-shaper.ts";
import { createTopLevelRenamer, type Renamer } from "../answer/renamer.ts";
import { createResponseRenamer } from "../answer/response-renamer.ts";
import type { Shaper } from "../answer/shaper.ts";
import { withField, withIncludeUsage, withStream } from "../dialects/json-edit.ts";
import { findTopLevel } from "../dialects/json-scan.ts";
import { createProgressTeller } from "../dialects/progress-events.ts";
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

/** How this exchange's request differs from what the client wrote, and its answer with it. */
type Plan = {
  /** Its stream is put together to one JSON answer. */
  assembles: boolean;
  /** It asks for the usage chunk; `dropUsage` where the client did not. */
  addsUsage: boolean;
  dropUsage: boolean;
  /** It asks for the progress of the prompt, which the client gets in our form. */
  addsProgress: boolean;
};

/** The upstream sends, the meter watches, the answer writes. Rejects with a GatewayError. */
export async function attemptUpstream(
  parts: RoadParts,
  accepted: Accepted,
  answer: Answer,
): Promise<void> {
  const { exchange, asked, destination, meter } = accepted;
  const { upstream } = destination;
  const plan = planOf(accepted, answer, parts);
  await attempt({
    upstream,
    outbound: outboundOf(parts, accepted, plan),
    signal: exchange.signal,
    committed: () => answer.committed,
    patienceMs: parts.timeouts.firstByteMs || Number.POSITIVE_INFINITY,
    receiver: {
      head(status: number, headers: IncomingHttpHeaders): void {
        const type = String(headers["content-type"] ?? "");
        const streams = type.startsWith("text/event-stream");
        const assembles = streams && plan.assembles;
        if (answer.committed && (streams && !assembles) !== asked.fields.stream) {
          throw new GatewayError("upstream_error", "The upstream answered in another form.");
        }
        const shaper = shaperFor(accepted, answer, type, plan);
        const shown = headersToClient(headers, shaper.edits);
        answer.begin(status, assembles ? jsonHeaders(shown) : shown, shaper);
        meter.begun(status);
      },
      data: (chunk) => answer.data(chunk),
      isComplete: () => answer.saidAll,
      whenDrained: (resume) => answer.whenDrained(resume),
    },
  });
}

function planOf(accepted: Accepted, answer: Answer, { streamUpstream }: RoadParts): Plan {
  const { exchange, asked, destination } = accepted;
  const { stream, includeUsage } = asked.fields;
  const plan = { assembles: false, addsUsage: false, dropUsage: false, addsProgress: false };
  const { body } = asked;
  if (!carriesOurId.has(exchange.dialect) || !Buffer.isBuffer(body)) return plan;
  if (destination.upstream.kind !== "llamacpp") {
    // Streams of the OpenAI family tell their usage only when asked.
    plan.addsUsage = plan.dropUsage = stream && !includeUsage;
    return plan;
  }
  // llama.cpp's `timings` tell as much, and where its usage is asked for, they move.
  plan.assembles = plan.addsUsage = !stream && streamUpstream;
  plan.addsProgress =
    stream &&
    exchange.dialect === "chat" &&
    answer.tellsProgress &&
    findTopLevel(body, "return_progress").length === 0;
  return plan;
}

function shaperFor(accepted: Accepted, answer: Answer, type: string, plan: Plan): Shaper {
  const { exchange, asked, meter } = accepted;
  const { dialect, requestId } = exchange;
  if (type.startsWith("text/event-stream")) {
    if (plan.assembles && (dialect === "chat" || dialect === "completions")) {
      const { prompts } = asked.fields;
      return createAssembleShaper({ dialect, id: requestId, prompts, watch: meter.event });
    }
    return createEventShaper({
      dialect,
      renamer: renamerFor(accepted, answer),
      dropUsage: plan.dropUsage,
      watch: meter.event,
      progress: plan.addsProgress ? progressFor(accepted) : null,
    });
  }
  if (readsWhole.has(dialect) && type.includes("json")) {
    const id = carriesOurId.has(dialect) ? requestId : null;
    return createJsonShaper({ id, watch: meter.body });
  }
  return createBytesShaper(type.includes("json") ? meter.chunk : () => {});
}

function renamerFor({ exchange }: Accepted, answer: Answer): Renamer | null {
  if (carriesOurId.has(exchange.dialect)) return createTopLevelRenamer(exchange.requestId);
  const begun = answer.begunResponse;
  return begun === null ? null : createResponseRenamer(begun);
}

function progressFor({ exchange, asked }: Accepted): (event: string) => string {
  const { requestId, startedAt } = exchange;
  const created = Math.floor(startedAt / 1000);
  return createProgressTeller({ requestId, created, model: asked.fields.model ?? "" });
}

/** The head of a stream says things that do not hold for the JSON it is put together to. */
function jsonHeaders(headers: Record<string, string | string[]>): typeof headers {
  const { "cache-control": _cache, "x-accel-buffering": _buffering, ...rest } = headers;
  return { ...rest, "content-type": "application/json; charset=utf-8" };
}

/** The request's body with the edits of the plan; all else keeps its bytes. */
function bodyOf(body: Buffer, plan: Plan): Buffer {
  let edited = plan.assembles ? withStream(body, true) : body;
  if (plan.addsUsage) edited = withIncludeUsage(edited);
  return plan.addsProgress ? withField(edited, "return_progress", "true") : edited;
}

function outboundOf(parts: RoadParts, accepted: Accepted, plan: Plan): Outbound {
  const { exchange, identity, asked, destination } = accepted;
  const { upstream } = destination;
  const streamedBody = !Buffer.isBuffer(asked.body);
  const streams = asked.fields.stream || plan.assembles;
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
    body: Buffer.isBuffer(asked.body) ? bodyOf(asked.body, plan) : asked.body,
    firstByteMs: parts.timeouts.firstByteMs,
    idleMs: parts.timeouts.idleMs,
    // A streamed body cannot be sent twice, so it never risks a dying connection.
    fresh: streamedBody || (streams && upstream.kind !== "openai"),
  };
}
