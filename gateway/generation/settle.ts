import type { Bytes } from "../answer/shaper.ts";
import type { GatewayError } from "../errors.ts";
import { ClientLeft } from "../exchange.ts";
import type { Closing } from "../ledger/ledger.ts";
import { modelAt } from "./destination.ts";
import type { RoadParts } from "./parts.ts";
import type { Accepted } from "./reserve.ts";
import type { Outcome } from "./turn.ts";

/** What is left to do for the client once the accounts are closed. */
export type Ending = {
  /** True once the upstream had begun to answer. */
  readonly begun: boolean;
  readonly upstreamId: string | null;
  end(last: Bytes | null): void;
  fail(error: GatewayError): void;
};

/**
 * Closes the accounts, then ends the answer: whoever saw the end is in the ledger. The slot is free
 * already; nothing here makes anyone wait.
 */
export async function settle(
  parts: RoadParts,
  accepted: Accepted,
  answer: Ending,
  outcome: Outcome,
): Promise<void> {
  const { exchange, identity, asked, destination } = accepted;
  const { slot, error, upstreamMs, reading, waitedMs } = outcome;
  const { upstream } = outcome.member ?? destination.first;
  // Whoever left the line had no slot to give back.
  if (error instanceof ClientLeft && slot !== null)
    parts.telemetry.slotReleased((outcome.endedAt - error.at) / 1000);
  const { state, status, errorCode } = verdictOf(outcome);
  const durationMs = performance.now() - exchange.startedMono;
  const queueMs = slot === null ? durationMs : waitedMs;
  const { input, output } = reading.usage;
  const cost = costOf(parts, accepted, outcome);
  try {
    accepted.reservation.settle({ input, output, upstreamMs, cost: cost ?? 0 }, Date.now());
  } catch (cause) {
    // A fault in the limits must not keep the row open, or the client waiting.
    parts.telemetry.internalError(exchange, cause);
  }
  await parts.ledger.close(exchange.id, {
    state,
    status,
    errorCode,
    queueMs,
    firstTokenMs: reading.firstTokenMs,
    upstreamMs,
    durationMs,
    usage: reading.usage,
    upstreamId: reading.upstreamId ?? answer.upstreamId,
    cost,
    servedBy: upstream.name,
  });
  const { conversation } = accepted;
  if (conversation !== null && slot !== null && state === "done") {
    parts.affinity.remember(conversation, slot.upstream);
  }
  if (error === null) answer.end(outcome.last);
  else answer.fail(error);
  parts.telemetry.settled({
    exchange,
    user: identity.user,
    model: asked.fields.model,
    upstream: upstream.name,
    status,
    errorCode,
    state,
    queueMs,
    firstTokenMs: reading.firstTokenMs,
    upstreamMs,
    durationMs,
    usage: reading.usage,
    timings: reading.timings,
    cancelledWhere: state === "cancelled" ? whereLeft(outcome, answer) : null,
  });
}

/** How it ended, as row, metrics and log have it. */
function verdictOf({ error, reading }: Outcome): Pick<Closing, "state" | "status" | "errorCode"> {
  const left = error?.code === "client_closed" || error?.code === "cancelled";
  // Whoever had the last event and left before the close has had the whole answer.
  if (error === null || (left && reading.finished)) {
    const { status, failed } = reading;
    return failed
      ? { state: "failed", status, errorCode: "upstream_error" }
      : { state: "done", status, errorCode: null };
  }
  return { state: left ? "cancelled" : "failed", status: error.status, errorCode: error.code };
}

function whereLeft(
  outcome: Outcome,
  answer: Ending,
): "waiting" | "before_first_byte" | "mid_stream" {
  if (outcome.slot === null) return "waiting";
  return answer.begun ? "mid_stream" : "before_first_byte";
}

function costOf(
  parts: RoadParts,
  { asked, destination }: Accepted,
  { member, reading, upstreamMs }: Outcome,
): number | null {
  const { model } = asked.fields;
  const { upstream } = member ?? destination.first;
  const upstreamModel = modelAt(destination, upstream) ?? model;
  return parts.costOf({ model, upstreamModel, usage: reading.usage, upstreamMs });
}
