import type { Answer } from "../answer/answer.ts";
import { type DialectName, dialects } from "../dialects/all.ts";
import { isErrorInAnswer } from "../dialects/stream-error.ts";
import { freeBytes } from "../dialects/tasks/body-thread.ts";
import type { CostOf } from "../ledger/prices.ts";
import type { StopSignal } from "../stop-signal.ts";
import type { Telemetry } from "../telemetry/events.ts";
import type { AttemptSpan } from "../telemetry/tracing.ts";
import { modelAt } from "../upstreams/destination.ts";
import { forward, type Outbound, type Receiver } from "../upstreams/forward.ts";
import type { Prepare } from "../upstreams/forward-converted.ts";
import { sendWithPatience } from "../upstreams/send-with-patience.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import {
  type AskingWay,
  type Attempt,
  attemptOf,
  firstWay,
  type NextAsking,
  nextWay,
} from "./asking-way.ts";
import { type ConversionParts, conversionOf } from "./conversion-of.ts";
import { editedBody, type OutboundParts, outboundOf } from "./outbound.ts";
import { type Plan, planOf } from "./plan.ts";
import { probedReceiver } from "./probed-receiver.ts";
import { receiverFor } from "./receiver-for.ts";
import type { Accepted } from "./reserve.ts";
import type { StoredParts } from "./stored.ts";
import { tracedAttempt } from "./traced-attempt.ts";
import type { HeldSlot } from "./turns.ts";

export type SpeakParts = ConversionParts &
  OutboundParts &
  StoredParts & {
    costOf: CostOf;
    telemetry: Pick<Telemetry, "dropped" | "tracing">;
  };

/**
 * The middle circle of tries: asks the upstream in the client's dialect, and in other ways if it
 * refuses that one (see `asking-way.ts`). The upstream sends, the meter watches, the answer writes.
 * Rejects with a GatewayError.
 */
export function speakEitherWay(
  parts: SpeakParts,
  accepted: Accepted,
  answer: Answer,
  slot: HeldSlot,
): Promise<void> {
  const attempt = attemptOf(accepted, slot.member.upstream);
  const way = firstWay(attempt);
  return speakTraced(parts, accepted, answer, slot, way).catch((error: unknown) =>
    speakOtherwise(parts, accepted, answer, slot, { attempt, way, error }),
  );
}

/** Asks in other ways, after the upstream has refused the first one. */
async function speakOtherwise(
  parts: SpeakParts,
  accepted: Accepted,
  answer: Answer,
  slot: HeldSlot,
  refused: { attempt: Attempt; way: AskingWay; error: unknown },
): Promise<void> {
  const { attempt, error: first } = refused;
  const learnt: NextAsking[] = [];
  let { way, error } = refused;
  for (;;) {
    const next = answer.begun || learnt.length >= mostWays ? null : nextWay(way, error, attempt);
    if (next === null) throw learnt.at(-1)?.isGuess && !answer.begun ? first : error;
    learnt.push(next);
    way = next;
    try {
      await speakTraced(parts, accepted, answer, slot, way);
      for (const one of learnt) one.learn();
      return;
    } catch (cause) {
      error = cause;
    }
  }
}

function speakTraced(
  parts: SpeakParts,
  accepted: Accepted,
  answer: Answer,
  slot: HeldSlot,
  way: AskingWay,
): Promise<void> {
  return tracedAttempt(parts, accepted, slot.member.upstream, (span) =>
    speak(parts, accepted, answer, slot, { way, span }),
  );
}

/** Further ways to ask one upstream. */
const mostWays = 3;

/** Asks the upstream once in one dialect; the inner circle, `sendWithPatience`, is inside. */
async function speak(
  parts: SpeakParts,
  accepted: Accepted,
  answer: Answer,
  { member, patienceMs, check }: HeldSlot,
  { way, span }: { way: AskingWay; span: AttemptSpan | null },
): Promise<void> {
  const { exchange, destination } = accepted;
  const { converts, demotes, dropsThoughts, asksUsage } = way;
  const { upstream } = member;
  const { signal } = exchange;
  const model = modelAt(destination, upstream);
  const plan = planOf(accepted, answer, {
    upstream,
    converts,
    model,
    cost: costTellerOf(parts, accepted, model),
    streamUpstream: parts.streamUpstream,
    demotes,
    dropsThoughts,
    asksUsage,
  });
  const traceparent = span?.traceparent ?? null;
  const edited = editedBody(parts, accepted, plan);
  const { body, changed } = edited instanceof Promise ? await edited : edited;
  const receiver = receiverFor(parts, accepted, answer, { plan, upstream, changed });
  try {
    await sendWithPatience({
      upstream,
      outbound: outboundOf(parts, accepted, upstream, { plan, body, traceparent, check }),
      send: converts
        ? (tried) => sendConverted(parts, accepted, { upstream, span }, tried, receiver)
        : (tried) => sendAsItIs(upstream, exchange.dialect, tried, receiver, signal),
      signal,
      committed: () => answer.committed,
      patienceMs,
    });
    receiver.finish();
    if (plan.addsUsage) upstream.takesStreamOptions = true;
  } catch (error) {
    // The upstream may be asked in another way, as if it had said so with its status.
    if (isErrorInAnswer(error) && answer.takeBack()) accepted.meter.takenBack();
    throw error;
  } finally {
    // A copy of a large body, edited for this upstream.
    if (Buffer.isBuffer(body) && body !== accepted.request.body) freeBytes(body);
  }
}

function sendAsItIs(
  upstream: Upstream,
  dialect: DialectName,
  outbound: Outbound,
  receiver: Receiver,
  signal: StopSignal,
): Promise<void> {
  const { connections, family, spoke } = upstream;
  const { conversion, ownOf } = dialects[dialect].upstreams;
  const isKnown = conversion === null || ownOf === family || spoke.has(dialect);
  if (isKnown) return forward(connections, outbound, receiver, signal);
  return probe(upstream, dialect, outbound, receiver, signal);
}

/** An upstream that has not shown to know the dialect may say under status 200 that it does not. */
async function probe(
  { connections, spoke }: Upstream,
  dialect: DialectName,
  outbound: Outbound,
  receiver: Receiver,
  signal: StopSignal,
): Promise<void> {
  const probed = probedReceiver(receiver);
  await forward(connections, outbound, probed, signal);
  probed.end();
  spoke.add(dialect);
}

async function sendConverted(
  parts: ConversionParts & OutboundParts,
  accepted: Accepted,
  { upstream, span }: { upstream: Upstream; span: AttemptSpan | null },
  outbound: Outbound,
  receiver: Receiver,
): Promise<void> {
  // Loaded with the first conversion: the start, and memory at rest, need not have it.
  const { forwardConverted } = await import("../upstreams/forward-converted.ts");
  const { dialect, signal } = accepted.exchange;
  const translator = await dialects[dialect].upstreams.conversion?.load();
  if (translator === undefined) throw new Error(`${dialect} cannot be converted`);
  const conversion = conversionOf(parts, accepted, upstream, translator);
  const written = span?.converts(conversion.target);
  const { work } = parts;
  const bytes = outbound.body;
  const isLarge = Buffer.isBuffer(bytes) && work.isLarge(bytes);
  const prepare: Prepare | null = isLarge
    ? async (preparing) => work.run("convert", bytes, { ...preparing, dialect }, signal)
    : null;
  const { meter } = accepted;
  await forwardConverted(upstream, outbound, { ...conversion, prepare }, receiver, signal, {
    event: (event) => meter.upstreamEvent(event),
    body: (bytes) => meter.upstreamBody(bytes),
    asked: written,
  });
}

/** Tells OpenRouter's clients in the answer what it cost; null for other clients. */
function costTellerOf(
  { costOf }: Pick<SpeakParts, "costOf">,
  { exchange, request, meter }: Accepted,
  upstreamModel: string | null,
): Plan["cost"] {
  if (!exchange.isOpenRouter || !dialects[exchange.dialect].answer.carriesRequestId) return null;
  const startedAt = performance.now();
  const { model } = request.fields;
  return () => {
    const usage = meter.told();
    const upstreamMs = performance.now() - startedAt;
    // OpenRouter has no word for a cost that is unknown.
    return costOf({ model, upstreamModel: upstreamModel ?? model, usage, upstreamMs }) ?? 0;
  };
}
