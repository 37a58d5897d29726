import type { Bytes } from "../answer/shaper.ts";
import type { GatewayError } from "../errors.ts";
import { ClientLeft } from "../exchange.ts";
import type { Used } from "../limits/reservation.ts";
import type { Telemetry } from "../telemetry/events.ts";
import type { SettledEvent } from "../telemetry/settled-event.ts";
import { modelAt } from "../upstreams/destination.ts";
import { askedNotice } from "./asked-notice.ts";
import { type ChargeParts, chargeOf } from "./charge-of.ts";
import type { Accepted } from "./reserve.ts";
import type { Outcome } from "./turns.ts";

export type SettleParts = ChargeParts & {
  telemetry: Pick<Telemetry, "slotReleased" | "settled" | "internalError">;
};

/** The client at the end of its generation. */
export type EndingClient = {
  /** True once the upstream has begun to answer. */
  readonly begun: boolean;
  readonly upstreamId: string | null;
  end(last: Bytes | null): void;
  fail(error: GatewayError): void;
};

/**
 * Closes the accounts, then ends the answer: a client that saw the end is in the ledger. The slot is
 * free already, so nobody in line waits for this.
 */
export async function settle(
  parts: SettleParts,
  accepted: Accepted,
  client: EndingClient,
  outcome: Outcome,
): Promise<void> {
  const { exchange, identity, request, destination } = accepted;
  const { slot, error, upstreamMs, reading, waitedMs } = outcome;
  const { upstream } = outcome.member ?? destination.first;
  if (error instanceof ClientLeft && slot !== null) {
    parts.telemetry.slotReleased((outcome.endedAt - error.at) / 1000);
  }
  const { state, status, errorCode } = verdictOf(outcome);
  const durationMs = performance.now() - exchange.startedMono;
  const queueMs = slot === null ? durationMs : waitedMs;
  const cost = costOf(parts, accepted, outcome);
  let charge: Used | null = null;
  try {
    const charging = chargeOf(parts, accepted, outcome, cost);
    charge = charging instanceof Promise ? await charging : charging;
  } catch (cause) {
    // A fault in counting must not keep the row open, nor the client waiting.
    parts.telemetry.internalError(exchange, cause);
  }
  const row = {
    ...{ state, status, errorCode, queueMs, firstTokenMs: reading.firstTokenMs, upstreamMs },
    durationMs,
    usage: reading.usage,
    upstreamId: reading.upstreamId ?? client.upstreamId,
    cost,
    servedBy: upstream.name,
    servedModel: modelAt(destination, upstream),
  };
  const cachedAt = slot !== null && state === "done" ? upstream.name : null;
  await accepted.admission.close({ row, charge, cachedAt });
  if (error === null) client.end(outcome.last);
  else client.fail(error);
  parts.telemetry.settled({
    exchange,
    user: identity.user,
    isBehindKey: identity.behind?.isKnown === false,
    model: request.fields.model,
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
    cancelledWhere: state === "cancelled" ? whereLeft(outcome, client) : null,
    notify: askedNotice(accepted),
  });
}

/** How it ended, for the row, the metrics and the log. */
function verdictOf({
  error,
  reading,
}: Outcome): Pick<SettledEvent, "state" | "status" | "errorCode"> {
  const left = error?.code === "client_closed" || error?.code === "cancelled";
  // A client that left after the last event has had the whole answer.
  if (error === null || (left && reading.finished)) {
    const { status, failed } = reading;
    return failed
      ? { state: "failed", status: 502, errorCode: "upstream_error" }
      : { state: "done", status, errorCode: null };
  }
  return { state: left ? "cancelled" : "failed", status: error.status, errorCode: error.code };
}

function whereLeft(
  outcome: Outcome,
  client: EndingClient,
): "waiting" | "before_first_byte" | "mid_stream" {
  if (outcome.slot === null) return "waiting";
  return client.begun ? "mid_stream" : "before_first_byte";
}

function costOf(
  parts: Pick<SettleParts, "costOf">,
  { request, destination }: Accepted,
  { member, reading, upstreamMs }: Outcome,
): number | null {
  const { model } = request.fields;
  const { upstream } = member ?? destination.first;
  const upstreamModel = modelAt(destination, upstream) ?? model;
  return parts.costOf({ model, upstreamModel, usage: reading.usage, upstreamMs });
}
