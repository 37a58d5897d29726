import type { IncomingHttpHeaders } from "node:http";
import { type Conversion, type Converted, convert } from "../dialects/hub/convert.ts";
import { convertPrepared } from "../dialects/hub/convert-prepared.ts";
import type { PreparedRequest, Preparing } from "../dialects/hub/prepare-request.ts";
import { parseExact } from "../dialects/json/exact-json.ts";
import { parseObject } from "../dialects/json/json-body.ts";
import { bodyBounds } from "../dialects/json/json-shape.ts";
import { ErrorInAnswer, isErrorInAnswer } from "../dialects/stream-error.ts";
import { GatewayError } from "../errors.ts";
import type { StopSignal } from "../stop-signal.ts";
import type { AnswerWatch } from "./converted-answer.ts";
import { type ConvertedFetch, createConvertedFetch } from "./converted-fetch.ts";
import { takesThoughts } from "./converted-marks.ts";
import type { Outbound, Receiver } from "./forward.ts";
import { StaleConnection } from "./stale-connection.ts";
import { upstreamTrouble } from "./trouble.ts";
import { kindOf, type Upstream } from "./upstream.ts";

/** Writes the upstream's request of a large body, elsewhere than on the event loop. */
export type Prepare = (given: Omit<Preparing, "dialect">) => Promise<PreparedRequest>;

/** The header that names what a conversion had to leave out. */
const droppedHeader = "x-gateway-dropped";

function headOf(converted: Converted, upstream: IncomingHttpHeaders): IncomingHttpHeaders {
  const { contentType, dropped } = converted;
  const head: IncomingHttpHeaders = { "content-type": contentType };
  if (dropped.length > 0) head[droppedHeader] = dropped.join(", ");
  // The receiver that learns the kind of server still gets this head.
  if (upstream.server !== undefined) head.server = upstream.server;
  return head;
}

/** Waits until the receiver takes more, or until there is nobody to give it to. */
function drained(receiver: Receiver, signal: StopSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const over = (): void => {
      signal.removeEventListener("abort", over);
      resolve();
    };
    signal.addEventListener("abort", over);
    receiver.whenDrained(over);
  });
}

/** Hands each piece on as it comes, and asks for the next when the receiver takes more. */
async function give(converted: Converted, receiver: Receiver, signal: StopSignal): Promise<void> {
  for (;;) {
    const piece = await converted.next();
    if (piece === null) return;
    if (signal.aborted) throw signal.reason;
    if (!receiver.data(Buffer.from(piece))) await drained(receiver, signal);
  }
}

/** The upstream's own trouble says more than what the hub makes of it. */
function reasonOf(error: unknown, failure: unknown, sent: ConvertedFetch): unknown {
  if (failure instanceof StaleConnection) return failure;
  if (failure !== null) return upstreamTrouble(failure);
  // Anything else is a fault of what receives the answer.
  const isOfAnswer = error instanceof GatewayError && sent.hasAnswered();
  return isOfAnswer ? faultOfAnswer(error) : upstreamTrouble(error);
}

/** An answer that cannot be converted is the upstream's fault, and another one may do better. */
function faultOfAnswer(error: GatewayError): GatewayError {
  if (error.code !== "internal_error" && error.code !== "upstream_error") return error;
  if (isErrorInAnswer(error)) return error;
  const text =
    error.code === "upstream_error"
      ? error.message
      : "The upstream's answer has an unknown format.";
  return new GatewayError("upstream_error", text, { cause: new ErrorInAnswer(text) });
}

type Asking = { prepare: Prepare | null; streams: boolean; fetch: typeof fetch };

async function ask(
  upstream: Upstream,
  outbound: Outbound,
  conversion: Conversion,
  { prepare, streams, fetch }: Asking,
): Promise<Converted> {
  const baseUrl = upstream.origin + upstream.prefix;
  const strictFields = upstream.type === "openai";
  const thoughts = takesThoughts(upstream, conversion.model);
  const target = { baseUrl, fetch, strictFields, takesThoughts: thoughts };
  if (prepare === null) {
    const bytes = Buffer.isBuffer(outbound.body) ? outbound.body : Buffer.alloc(0);
    const body = parseObject(bytes, bodyBounds.convertedValues, parseExact);
    return convert(body, conversion, target);
  }
  const { target: name, strict, defaultMaxTokens, model, requestId, askedModel } = conversion;
  const asked = { target: name, strict, defaultMaxTokens, model, requestId, askedModel };
  const given = { ...asked, baseUrl, strictFields, takesThoughts: thoughts, streams };
  return convertPrepared(await prepare(given), conversion, target);
}

/**
 * Like `forward`, to an upstream of another dialect: the request's JSON (`outbound.body`) goes out
 * in the upstream's words, and the answer reaches `receiver` in the client's. `outbound.path` is
 * not used.
 *
 * Resolves when the answer has ended; rejects with a GatewayError, with `signal.reason` when the
 * signal aborted, each only once the upstream's socket is closed or free, or with StaleConnection.
 */
export async function forwardConverted(
  upstream: Upstream,
  outbound: Outbound,
  { prepare = null, ...conversion }: Conversion & { readonly prepare?: Prepare | null },
  receiver: Receiver,
  signal: StopSignal,
  watch: AnswerWatch = { event() {}, body() {} },
): Promise<void> {
  if (signal.aborted) throw signal.reason;
  const stop = new AbortController();
  const leave = (): void => stop.abort(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  // llama.cpp notices only of a streaming client that it has left.
  const streamUpstream =
    conversion.streamUpstream === true && kindOf(upstream, conversion.model) === "llamacpp";
  const streams = conversion.framing.inPieces || streamUpstream;
  const asked = { stream: streams, target: conversion.target };
  const sent = createConvertedFetch(upstream, outbound, asked, stop, watch);
  try {
    const asked = { ...conversion, streamUpstream };
    const converted = await ask(upstream, outbound, asked, { prepare, streams, fetch: sent.fetch });
    receiver.head(200, headOf(converted, sent.headers()));
    await give(converted, receiver, stop.signal);
    await sent.settled();
    if (signal.aborted) throw signal.reason;
  } catch (error) {
    // Before our own end of it, which would be one too.
    const failure = sent.failure();
    stop.abort(error);
    await sent.settled();
    throw signal.aborted ? signal.reason : reasonOf(error, failure, sent);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
