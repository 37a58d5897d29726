import type { Bytes } from "../answer/shaper.ts";
import { GatewayError } from "../errors.ts";
import { nothingRead, type Reading } from "../ledger/meter.ts";
import type { LinePlace, Slot } from "../line/line.ts";
import { type Member, memberIn } from "./destination.ts";
import { asGatewayError } from "./failure.ts";
import type { RoadParts } from "./parts.ts";
import type { Accepted } from "./reserve.ts";
import { ticketOf } from "./ticket-of.ts";
import { createTries, type Tries } from "./tries.ts";

/** How an accepted generation ended. */
export type Outcome = {
  /** Null for one that never had a turn. */
  slot: Slot | null;
  /** Who served it in its last slot; null for one that never had a turn. */
  member: Member | null;
  /** Milliseconds in line, for all its turns. */
  waitedMs: number;
  /** Milliseconds its last slot was held; null where there was none. */
  upstreamMs: number | null;
  /** What the meter saw. */
  reading: Reading;
  /** When the slot was free again, in monotonic milliseconds. */
  endedAt: number;
  /** The bytes kept back until the accounts are closed. */
  last: Bytes | null;
  error: GatewayError | null;
};

/** Who is told how the wait goes. */
export type Waiting = { place(place: LinePlace): void; started(): void };

/** What is done with a slot; `alone` where no other upstream could take its place. */
export type Work = (member: Member, alone: boolean) => Promise<Bytes | null>;

/**
 * Waits for a slot and holds it while `work` goes on, and not a moment longer: whatever happens in
 * it, the slot is free when this resolves. Where an upstream fails before it has answered, the next
 * slot is another's. Never rejects.
 */
export async function takeTurn(
  parts: RoadParts,
  accepted: Accepted,
  waiting: Waiting,
  work: Work,
  tries: Tries = createTries(parts, accepted),
): Promise<Outcome> {
  let waitedMs = 0;
  for (;;) {
    const outcome = await takeOneTurn(parts, accepted, waiting, work, tries);
    const { slot, error, reading } = outcome;
    waitedMs += slot?.waitedMs ?? 0;
    const answered = slot === null || error === null || reading.status > 0;
    if (answered || !tries.isAnothers(slot.upstream, error)) {
      accepted.asked.free();
      return { ...outcome, waitedMs };
    }
  }
}

async function takeOneTurn(
  parts: RoadParts,
  accepted: Accepted,
  waiting: Waiting,
  work: Work,
  tries: Tries,
): Promise<Outcome> {
  const { destination, exchange, meter } = accepted;
  let firstEta: number | null = null;
  let told = false;
  let slot: Slot | null = null;
  let member: Member | null = null;
  let last: Bytes | null = null;
  let error: GatewayError | null = null;
  let from = 0;
  let deadline: NodeJS.Timeout | undefined;
  try {
    const ticket = ticketOf(parts, accepted, tries.failed, (place) => {
      // Whoever is told a place has a row on disk.
      if (!told) parts.ledger.waits(exchange.id);
      told = true;
      firstEta ??= place.etaSeconds;
      waiting.place(place);
    });
    slot = await destination.line.join(ticket);
    member = memberIn(destination, slot.upstream);
    parts.health.began(member.upstream.name);
    from = performance.now();
    const { waitedMs, firstPlace } = slot;
    parts.telemetry.tookTurn({ priority: ticket.priority ?? 0, waitedMs, firstPlace });
    if (firstEta !== null) parts.telemetry.waited(firstEta, slot.waitedMs / 1000);
    deadline = endInTime(parts.timeouts.totalMs, accepted.stop);
    waiting.started();
    last = await work(member, !tries.hasOthers(slot.upstream));
  } catch (cause) {
    error = asGatewayError(parts, exchange, cause);
  }
  clearTimeout(deadline);
  let reading = nothingRead;
  try {
    reading = meter.reading();
  } catch (cause) {
    error ??= asGatewayError(parts, exchange, cause);
  }
  const endedAt = performance.now();
  if (member !== null) {
    // Health is what the exchanges show: an answer, of whatever status, is a sign of life.
    const { user } = accepted.identity;
    parts.health.ended(member.upstream.name, reading.status > 0 ? null : error, user);
  }
  slot?.release(workOf(reading));
  const upstreamMs = slot && endedAt - from;
  return { slot, member, waitedMs: 0, upstreamMs, reading, endedAt, last, error };
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
