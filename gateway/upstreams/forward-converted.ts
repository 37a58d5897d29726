import type { IncomingHttpHeaders } from "node:http";
import { type Conversion, type Converted, convert } from "../dialects/hub/convert.ts";
import { parseExact } from "../dialects/json/exact-json.ts";
import { parseObject } from "../dialects/json/json-body.ts";
import { mostConvertedValues } from "../dialects/json/json-shape.ts";
import { type ConvertedFetch, createConvertedFetch } from "./converted-fetch.ts";
import { takesThoughts } from "./converted-marks.ts";
import type { Outbound, Receiver } from "./forward.ts";
import { StaleConnection } from "./stale-connection.ts";
import { upstreamTrouble } from "./trouble.ts";
import type { Upstream } from "./upstream.ts";

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
function drained(receiver: Receiver, signal: AbortSignal): Promise<void> {
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
async function give(converted: Converted, receiver: Receiver, signal: AbortSignal): Promise<void> {
  for (;;) {
    const piece = await converted.next();
    if (piece === null) return;
    if (signal.aborted) throw signal.reason;
    if (!receiver.data(Buffer.from(piece))) await drained(receiver, signal);
  }
}

/** The upstream's own trouble says more than what the hub makes of it. */
function reasonOf(error: unknown, sent: ConvertedFetch): unknown {
  const reason = sent.failure() ?? error;
  return reason instanceof StaleConnection ? reason : upstreamTrouble(reason);
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
  conversion: Conversion,
  receiver: Receiver,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) throw signal.reason;
  const stop = new AbortController();
  const leave = (): void => stop.abort(signal.reason);
  signal.addEventListener("abort", leave, { once: true });
  // llama.cpp notices only of a streaming client that it has left.
  const streamUpstream = conversion.streamUpstream === true && upstream.kind === "llamacpp";
  const streams = conversion.framing.inPieces || streamUpstream;
  const sent = createConvertedFetch(
    upstream,
    outbound,
    { stream: streams, target: conversion.target },
    stop,
  );
  try {
    const bytes = Buffer.isBuffer(outbound.body) ? outbound.body : Buffer.alloc(0);
    const body = parseObject(bytes, mostConvertedValues, parseExact);
    const converted = await convert(
      body,
      { ...conversion, streamUpstream },
      {
        baseUrl: upstream.origin + upstream.prefix,
        fetch: sent.fetch,
        strictFields: upstream.type === "openai",
        takesThoughts: takesThoughts(upstream, conversion.model),
      },
    );
    receiver.head(200, headOf(converted, sent.headers()));
    await give(converted, receiver, stop.signal);
    await sent.settled();
    if (signal.aborted) throw signal.reason;
  } catch (error) {
    stop.abort(error);
    await sent.settled();
    throw signal.aborted ? signal.reason : reasonOf(error, sent);
  } finally {
    signal.removeEventListener("abort", leave);
  }
}
