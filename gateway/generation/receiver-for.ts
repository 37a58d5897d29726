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

type ReceiverParts = StoredParts & { telemetry: Pick<Telemetry, "dropped"> };

/** How one upstream was asked. */
type Asked = { plan: Plan; upstream: Upstream; changed: readonly string[] };

/**
 * Receives an upstream's answer for a client. The answer begins with the bytes that tell what it is,
 * not with its head: some servers say no type, or a wrong one.
 */
export function receiverFor(
  parts: ReceiverParts,
  accepted: Accepted,
  answer: Answer,
  asked: Asked,
): AnswerReceiver {
  return new ClientReceiver(parts, accepted, answer, asked);
}

class ClientReceiver implements AnswerReceiver {
  readonly #parts: ReceiverParts;
  readonly #accepted: Accepted;
  readonly #answer: Answer;
  readonly #asked: Asked;
  readonly #take: (chunk: Buffer) => boolean;
  #status = 200;
  #headers: IncomingHttpHeaders = {};
  #isBegun = false;
  #start: Buffer | null = null;

  constructor(parts: ReceiverParts, accepted: Accepted, answer: Answer, asked: Asked) {
    this.#parts = parts;
    this.#accepted = accepted;
    this.#answer = answer;
    this.#asked = asked;
    this.#take = takingNotes(parts, accepted, answer, asked.upstream);
  }

  head(status: number, headers: IncomingHttpHeaders): void {
    const { plan, upstream } = this.#asked;
    const { exchange, request } = this.#accepted;
    const model = plan.model ?? request.fields.model;
    learnKind(upstream, { model, server: headers.server });
    this.#status = status;
    this.#headers = headers;
    this.#isBegun = false;
    this.#start = null;
    const dropped = plan.converts ? headers["x-gateway-dropped"] : undefined;
    if (dropped !== undefined) this.#parts.telemetry.dropped(exchange, String(dropped));
  }

  data(chunk: Buffer): boolean {
    if (this.#isBegun) return this.#take(chunk);
    this.#start = this.#start === null ? chunk : Buffer.concat([this.#start, chunk]);
    const first = this.#known(false);
    return first === null || this.#take(first);
  }

  isComplete(): boolean {
    return this.#answer.saidAll;
  }

  whenDrained(resume: () => void): void {
    this.#answer.whenDrained(resume);
  }

  finish(): void {
    const first = this.#isBegun ? null : this.#known(true);
    if (first !== null && first.length > 0) this.#answer.data(first);
  }

  /** The first bytes, once they tell what the answer is; null before. */
  #known(isAll: boolean): Buffer | null {
    const { exchange, request } = this.#accepted;
    const { answer: form, framing } = dialects[exchange.dialect];
    const { stream: streams } = request.fields;
    const isRead = request.json && (form.isReadWhole || streams);
    const type = String(this.#headers["content-type"] ?? "").toLowerCase();
    const first = this.#start ?? Buffer.alloc(0);
    const expected = { type, isRead, streams, eventType: framing.mediaType };
    const kind = answerKind(first, isAll, expected);
    if (kind === null) return null;
    this.#begin(kind);
    return first;
  }

  #begin(kind: AnswerKind): void {
    const accepted = this.#accepted;
    const { plan, changed } = this.#asked;
    this.#isBegun = true;
    refuseKind(accepted, this.#answer, kind);
    const shaper = shaperFor(accepted, this.#answer, kind, plan);
    accepted.meter.begun(this.#status, plan.converts);
    const shown = headersToClient(this.#headers, shaper.edits);
    addChanged(shown, changed);
    this.#answer.begin(this.#status, shownAs(accepted, kind, shown), shaper);
  }
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
function addChanged(headers: Headers, changed: readonly string[]): void {
  if (changed.length > 0) headers["x-gateway-changed"] = changed.slice(0, 50).join(", ");
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
