import type { IncomingHttpHeaders } from "node:http";
import type { Answer } from "../answer/answer.ts";
import { dialects } from "../dialects/all.ts";
import { type AnswerKind, answerKind } from "../dialects/answer-kind.ts";
import { json } from "../dialects/json/json-framing.ts";
import { GatewayError } from "../errors.ts";
import type { Telemetry } from "../telemetry/events.ts";
import type { Receiver } from "../upstreams/forward.ts";
import { type Headers, headersToClient, streamHeaders } from "../upstreams/headers.ts";
import { learnKind, type Upstream } from "../upstreams/upstream.ts";
import type { Plan } from "./plan.ts";
import type { Accepted } from "./reserve.ts";
import { isAssembled, shaperFor } from "./shaper-for.ts";
import { type StoredParts, takingNotes } from "./stored.ts";

/** Receives an upstream's answer; `finish` is called once it has ended in good order. */
export type AnswerReceiver = Receiver & { finish(): void };

/**
 * Receives an upstream's answer for a client. The answer begins with the bytes that tell what it is,
 * not with its head: some servers say no type, or a wrong one.
 */
export function receiverFor(
  parts: StoredParts & { telemetry: Pick<Telemetry, "dropped"> },
  accepted: Accepted,
  answer: Answer,
  { plan, upstream, changed }: { plan: Plan; upstream: Upstream; changed: readonly string[] },
): AnswerReceiver {
  const { exchange, request, meter } = accepted;
  const { answer: form, framing } = dialects[exchange.dialect];
  const { stream: streams } = request.fields;
  const isRead = request.json && (form.isReadWhole || streams);
  const eventType = framing.mediaType;
  const take = takingNotes(parts, accepted, answer, upstream);
  let head: { status: number; headers: IncomingHttpHeaders } | null = null;
  let isBegun = false;
  let start: Buffer | null = null;

  function begin(kind: AnswerKind): void {
    const { status, headers } = head ?? { status: 200, headers: {} };
    isBegun = true;
    refuseKind(accepted, answer, kind);
    const shaper = shaperFor(accepted, answer, kind, plan);
    meter.begun(status, plan.converts);
    const shown = { ...headersToClient(headers, shaper.edits), ...changedHeader(changed) };
    answer.begin(status, shownAs(accepted, kind, shown), shaper);
  }

  /** The first bytes, once they tell what the answer is; null before. */
  function known(isAll: boolean): Buffer | null {
    const type = String(head?.headers["content-type"] ?? "").toLowerCase();
    const first = start ?? Buffer.alloc(0);
    const kind = answerKind(first, isAll, { type, isRead, streams, eventType });
    if (kind === null) return null;
    begin(kind);
    return first;
  }

  return {
    head(status, headers): void {
      const model = plan.model ?? request.fields.model;
      learnKind(upstream, { model, server: headers.server });
      head = { status, headers };
      isBegun = false;
      start = null;
      const dropped = plan.converts ? headers["x-gateway-dropped"] : undefined;
      if (dropped !== undefined) parts.telemetry.dropped(exchange, String(dropped));
    },
    data(chunk) {
      if (isBegun) return take(chunk);
      start = start === null ? chunk : Buffer.concat([start, chunk]);
      const first = known(false);
      return first === null || take(first);
    },
    isComplete: () => answer.saidAll,
    whenDrained: (resume) => answer.whenDrained(resume),
    finish() {
      const first = isBegun ? null : known(true);
      if (first !== null && first.length > 0) answer.data(first);
    },
  };
}

function refuseKind(accepted: Accepted, answer: Answer, kind: AnswerKind): void {
  const { request } = accepted;
  if (kind === "page") {
    const text = "The upstream answered with a web page instead of JSON.";
    throw new GatewayError("upstream_error", text);
  }
  const streams = kind === "events" && !isAssembled(accepted, kind);
  const isAwaited = kind !== "bytes" && streams === request.fields.stream;
  if (answer.committed && !isAwaited) {
    const text =
      "The upstream sent a different kind of answer (a stream or JSON) than the request asked for.";
    throw new GatewayError("upstream_error", text);
  }
}

/** What was changed of the request, by its fields. */
function changedHeader(changed: readonly string[]): Headers {
  return changed.length === 0 ? {} : { "x-gateway-changed": changed.slice(0, 50).join(", ") };
}

/** A stream is named as one, whatever its server calls it, and no proxy may keep it back. */
function shownAs(accepted: Accepted, kind: AnswerKind, headers: Headers): Headers {
  if (kind === "json" || isAssembled(accepted, kind)) return jsonHeaders(headers);
  if (kind !== "events") return headers;
  const { framing } = dialects[accepted.exchange.dialect];
  const isNamed = String(headers["content-type"] ?? "").startsWith(framing.mediaType);
  const type = isNamed ? {} : { "content-type": String(framing.head.headers["content-type"]) };
  return { ...streamHeaders(headers), ...type };
}

/** Drops the headers of a stream that are wrong for JSON. */
function jsonHeaders(headers: Headers): Headers {
  const type = String(headers["content-type"] ?? "");
  const isJson = type.includes("json") && !type.includes("event-stream");
  if (isJson) return headers;
  const { "cache-control": _cache, "x-accel-buffering": _buffering, ...rest } = headers;
  return { ...rest, "content-type": `${json.mediaType}; charset=utf-8` };
}
