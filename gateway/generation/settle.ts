import type { Bytes } from "../answer/shaper.ts";
import type { GatewayError } from "../errors.ts";
import { ClientLeft } from "../exchange.ts";
import type { Used } from "../limits/reservation.ts";
import type { Telemetry } from "../telemetry/events.ts";
import type { SettledEvent } from "../telemetry/settled-event.ts";
import { modelAt } from "../upstreams/destination.ts";
import { askedNotice } from "./asked-notice.ts";
import { type ChargeParts, chargeOf } from "./charge-of.ts";
import type { Closing } from "./keeper.ts";
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
 * free already, so nobody in line waits for this. Whatever happens, the keeper has nothing more to
 * hold. Rejects only for a fault of the gateway.
 */
export async function settle(
  parts: SettleParts,
  accepted: Accepted,
  client: EndingClient,
  outcome: Outcome,
): Promise<void> {
  const { error, slot } = outcome;
  if (error instanceof ClientLeft && slot !== null) {
    parts.telemetry.slotReleased((outcome.endedAt - error.at) / 1000);
  }
  try {
    const figures = figuresOf(parts, accepted, outcome);
    const charging = chargeFor(parts, accepted, outcome, figures.cost);
    const charge = charging instanceof Promise ? await charging : charging;
    await accepted.admission.close(closingOf(accepted, client, outcome, { figures, charge }));
    if (error === null) client.end(outcome.last);
    else client.fail(error);
    parts.telemetry.settled(eventOf(accepted, client, outcome, figures));
  } finally {
    accepted.admission.end();
  }
}

/** What row, metrics and log tell alike. Milliseconds, and US dollars. */
type Figures = Pick<SettledEvent, "state" | "status" | "errorCode" | "durationMs" | "queueMs"> & {
  cost: number | null;
};

function figuresOf(parts: SettleParts, accepted: Accepted, outcome: Outcome): Figures {
  const { state, status, errorCode } = verdictOf(outcome);
  const durationMs = performance.now() - accepted.exchange.startedMono;
  const queueMs = outcome.slot === null ? durationMs : outcome.waitedMs;
  return { state, status, errorCode, durationMs, queueMs, cost: costOf(parts, accepted, outcome) };
}

/** Null if counting fails: a fault there must not keep the row open, nor the client waiting. */
function chargeFor(
  parts: SettleParts,
  accepted: Accepted,
  outcome: Outcome,
  cost: number | null,
): Used | null | Promise<Used | null> {
  const failed = (cause: unknown): null => {
    parts.telemetry.internalError(accepted.exchange, cause);
    return null;
  };
  try {
    const charging = chargeOf(parts, accepted, outcome, cost);
    return charging instanceof Promise ? charging.catch(failed) : charging;
  } catch (cause) {
    return failed(cause);
  }
}

function closingOf(
  { destination }: Accepted,
  client: EndingClient,
  { member, reading, slot, upstreamMs }: Outcome,
  { figures, charge }: { figures: Figures; charge: Used | null },
): Closing {
  const { upstream } = member ?? destination.first;
  const { state, status, errorCode, durationMs, queueMs, cost } = figures;
  const row = {
    ...{ state, status, errorCode, queueMs, firstTokenMs: reading.firstTokenMs, upstreamMs },
    durationMs,
    usage: reading.usage,
    upstreamId: reading.upstreamId ?? client.upstreamId,
    cost,
    servedBy: upstream.name,
    servedModel: modelAt(destination, upstream),
  };
  return { row, charge, cachedAt: slot !== null && state === "done" ? upstream.name : null };
}

function eventOf(
  accepted: Accepted,
  client: EndingClient,
  outcome: Outcome,
  { state, status, errorCode, durationMs, queueMs }: Figures,
): SettledEvent {
  const { exchange, identity, request, destination } = accepted;
  const { member, reading, upstreamMs } = outcome;
  return {
    exchange,
    user: identity.user,
    isBehindKey: identity.behind?.isKnown === false,
    model: request.fields.model,
    upstream: (member ?? destination.first).upstream.name,
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
  };
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
