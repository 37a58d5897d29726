import type { Bytes } from "../answer/shaper.ts";
import { GatewayError } from "../errors.ts";
import { type MeterReading, nothingRead } from "../ledger/meter.ts";
import type { LinePlace } from "../line/line.ts";
import type { StopControl } from "../stop-signal.ts";
import type { Telemetry } from "../telemetry/events.ts";
import { memberIn, type PoolMember } from "../upstreams/destination.ts";
import { asGatewayError } from "../with-exchange.ts";
import type { Turn, Work } from "./keeper.ts";
import type { Accepted } from "./reserve.ts";
import { oneTry, type Tries } from "./tries.ts";

export type TurnsParts = {
  telemetry: Pick<Telemetry, "internalError" | "tracing">;
  /** Milliseconds; 0 is off. */
  timeouts: { readonly firstByteMs: number; readonly totalMs: number };
};

/** The client while its generation waits. */
export type WaitingClient = { place(place: LinePlace): void; started(): void };

/** A slot that a generation holds. */
export type HeldSlot = {
  readonly member: PoolMember;
  /** Milliseconds to go on trying this upstream; 0 where another could take the request. */
  readonly patienceMs: number;
  /** As in the turn that gave the slot. */
  readonly check?: Turn["check"];
};

/** What is done with a slot; gives the bytes that are kept back until the accounts are closed. */
export type Serve = (slot: HeldSlot) => Promise<Bytes | null>;

/** How an accepted generation ended. */
export type Outcome = {
  /** Its last slot; null if it never got one. */
  slot: Turn | null;
  /** The upstream of that slot. */
  member: PoolMember | null;
  /** Milliseconds in line, for all its turns. */
  waitedMs: number;
  /** Milliseconds its last slot was held; null if there was none. */
  upstreamMs: number | null;
  /** What the meter saw. */
  reading: MeterReading;
  /** When the slot was free again, in monotonic milliseconds. */
  endedAt: number;
  /** The bytes kept back until the accounts are closed. */
  last: Bytes | null;
  error: GatewayError | null;
};

/**
 * The outer circle of tries: waits for a slot and has the request served in it. If that upstream
 * fails before it has answered, the request waits for a slot of another one. Each slot is free
 * before the next step, whatever happened in it. Never rejects.
 */
export function takeTurns(
  parts: TurnsParts,
  accepted: Accepted,
  client: WaitingClient,
  serve: Serve,
  tries: Tries,
): Promise<Outcome> {
  const take = tries === oneTry ? takeTurn : takeSeveralTurns;
  return take(parts, accepted, client, serve, tries);
}

async function takeSeveralTurns(
  parts: TurnsParts,
  accepted: Accepted,
  client: WaitingClient,
  serve: Serve,
  tries: Tries,
): Promise<Outcome> {
  let waitedMs = 0;
  for (;;) {
    const outcome = await takeTurn(parts, accepted, client, serve, tries);
    const { slot, error, reading } = outcome;
    waitedMs += outcome.waitedMs;
    const isOver = slot === null || error === null || reading.status > 0;
    if (isOver || !tries.isAnothers(slot.upstream, error)) return { ...outcome, waitedMs };
  }
}

async function takeTurn(
  parts: TurnsParts,
  accepted: Accepted,
  client: WaitingClient,
  serve: Serve,
  tries: Tries,
): Promise<Outcome> {
  const { admission, exchange } = accepted;
  const wait = parts.telemetry.tracing?.waits(exchange);
  let estimateSeconds: number | null = null;
  let slot: Turn;
  try {
    slot = await admission.turn((place) => {
      estimateSeconds ??= place.etaSeconds;
      client.place(place);
    }, tries.failed);
  } catch (cause) {
    wait?.ended(null);
    return neverServed(asGatewayError(parts.telemetry, exchange, cause));
  }
  const { upstream, firstPlace, check } = slot;
  wait?.ended({ firstPlace, estimateSeconds });
  const member = memberIn(accepted.destination, upstream);
  const from = performance.now();
  const deadline = endInTime(parts.timeouts.totalMs, accepted.stop);
  let last: Bytes | null = null;
  let error: GatewayError | null = null;
  try {
    client.started();
    const patienceMs = tries.hasOthers(upstream) ? 0 : longest(parts);
    last = await serve({ member, patienceMs, check });
  } catch (cause) {
    error = asGatewayError(parts.telemetry, exchange, cause);
  }
  clearTimeout(deadline);
  return endTurn(parts, accepted, slot, { member, from, last, error });
}

/** Gives the slot back, whatever happened in it. Never throws. */
function endTurn(
  { telemetry }: Pick<TurnsParts, "telemetry">,
  { exchange, meter }: Accepted,
  slot: Turn,
  served: Pick<Outcome, "last" | "error"> & { member: PoolMember; from: number },
): Outcome {
  const { member, from, last } = served;
  let { error } = served;
  let reading = nothingRead;
  try {
    reading = meter.reading();
  } catch (cause) {
    error ??= asGatewayError(telemetry, exchange, cause);
  }
  const endedAt = performance.now();
  // An answer of any status is a sign of life.
  slot.end(reading.status > 0 ? null : error, workOf(reading));
  const { waitedMs } = slot;
  return { slot, member, waitedMs, upstreamMs: endedAt - from, reading, endedAt, last, error };
}

/** An upstream that no other can replace is waited for this long. Milliseconds. */
const longest = ({ timeouts }: Pick<TurnsParts, "timeouts">): number =>
  timeouts.firstByteMs || Number.POSITIVE_INFINITY;

function neverServed(error: GatewayError): Outcome {
  return {
    slot: null,
    member: null,
    waitedMs: 0,
    upstreamMs: null,
    reading: nothingRead,
    endedAt: performance.now(),
    last: null,
    error,
  };
}

/** What the line learns from a generation for its estimates. */
function workOf({ usage, timings }: MeterReading): Work {
  const { promptMs, outputMs } = timings ?? {};
  const work: Work = {};
  if (usage.input !== null) work.inputTokens = usage.input - (usage.cached ?? 0);
  if (usage.output !== null) work.outputTokens = usage.output;
  if (promptMs != null) work.promptMs = promptMs;
  if (outputMs != null) work.outputMs = outputMs;
  return work;
}

/** TOTAL_TIMEOUT, which counts from the slot on; 0 is off. */
function endInTime(totalMs: number, stop: StopControl): NodeJS.Timeout | undefined {
  if (totalMs === 0) return undefined;
  return setTimeout(() => {
    stop.abort(new GatewayError("upstream_timeout", "The answer took too long (TOTAL_TIMEOUT)."));
  }, totalMs);
}
