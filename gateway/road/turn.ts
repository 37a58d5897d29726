import { GatewayError } from "../errors.ts";
import { nothingRead, type Reading } from "../ledger/meter.ts";
import type { Place, Slot } from "../line/line.ts";
import { asGatewayError } from "./failure.ts";
import type { RoadParts } from "./parts.ts";
import type { Accepted } from "./reserve.ts";
import { ticketOf } from "./ticket-of.ts";

/** How an accepted generation ended. */
export type Outcome = {
  /** Null for one that never had a turn. */
  slot: Slot | null;
  /** Milliseconds the slot was held; null where there was none. */
  upstreamMs: number | null;
  /** What the meter saw. */
  reading: Reading;
  /** When the slot was free again, in monotonic milliseconds. */
  endedAt: number;
  /** The bytes kept back until the accounts are closed. */
  last: Buffer | null;
  error: GatewayError | null;
};

/** Who is told how the wait goes. */
export type Waiting = { place(place: Place): void; started(): void };

/**
 * Waits for a slot and holds it while `work` goes on, and not a moment longer: whatever happens in
 * it, the slot is free when this resolves. Never rejects.
 */
export async function takeTurn(
  parts: RoadParts,
  accepted: Accepted,
  waiting: Waiting,
  work: () => Promise<Buffer | null>,
): Promise<Outcome> {
  const { asked, destination, exchange, meter } = accepted;
  let firstEta: number | null = null;
  let slot: Slot | null = null;
  let last: Buffer | null = null;
  let error: GatewayError | null = null;
  let from = 0;
  let deadline: NodeJS.Timeout | undefined;
  try {
    const ticket = ticketOf(accepted, (place) => {
      firstEta ??= place.etaSeconds;
      waiting.place(place);
    });
    slot = await destination.line.join(ticket);
    from = performance.now();
    const { waitedMs, firstPlace } = slot;
    parts.telemetry.tookTurn({ priority: ticket.priority ?? 0, waitedMs, firstPlace });
    if (firstEta !== null) parts.telemetry.waited(firstEta, slot.waitedMs / 1000);
    deadline = endInTime(parts.timeouts.totalMs, accepted.stop);
    waiting.started();
    last = await work();
  } catch (cause) {
    error = asGatewayError(parts, exchange, cause);
  }
  clearTimeout(deadline);
  let reading = nothingRead;
  try {
    asked.free();
    reading = meter.reading();
  } catch (cause) {
    error ??= asGatewayError(parts, exchange, cause);
  }
  const endedAt = performance.now();
  slot?.release(workOf(reading));
  return { slot, upstreamMs: slot && endedAt - from, reading, endedAt, last, error };
}

/** What the line learns from it for its estimates. */
function workOf({ usage, timings }: Reading): Parameters<Slot["release"]>[0] {
  const { promptMs, outputMs } = timings ?? {};
  return {
    ...(usage.input === null ? {} : { inputTokens: usage.input - (usage.cached ?? 0) }),
    ...(usage.output === null ? {} : { outputTokens: usage.output }),
    ...(promptMs == null ? {} : { promptMs }),
    ...(outputMs == null ? {} : { outputMs }),
  };
}

/** TOTAL_TIMEOUT, which counts from the slot on; 0 is off. */
function endInTime(totalMs: number, stop: AbortController): NodeJS.Timeout | undefined {
  if (totalMs === 0) return undefined;
  return setTimeout(() => {
    stop.abort(new GatewayError("upstream_timeout", "The answer took too long (TOTAL_TIMEOUT)."));
  }, totalMs);
}
