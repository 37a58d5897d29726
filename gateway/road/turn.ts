import { GatewayError } from "../errors.ts";
import type { Place, Slot } from "../line/line.ts";
import { asGatewayError } from "./failure.ts";
import type { RoadParts } from "./parts.ts";
import type { Accepted } from "./reserve.ts";

/** How an accepted generation ended. */
export type Outcome = {
  /** Null for one that never had a turn. */
  slot: Slot | null;
  /** Milliseconds the slot was held; null where there was none. */
  upstreamMs: number | null;
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
  const { exchange, identity, asked, destination } = accepted;
  const outcome: Outcome = { slot: null, upstreamMs: null, last: null, error: null };
  let from = 0;
  let deadline: NodeJS.Timeout | undefined;
  try {
    outcome.slot = await destination.line.join({
      id: exchange.id,
      user: identity.user,
      model: asked.fields.model ?? "",
      weight: identity.weight,
      priority: identity.priority,
      signal: exchange.signal,
      onPlace: (place) => waiting.place(place),
    });
    from = performance.now();
    deadline = endInTime(parts.timeouts.totalMs, accepted.stop);
    waiting.started();
    outcome.last = await work();
  } catch (error) {
    outcome.error = asGatewayError(parts, exchange, error);
  } finally {
    clearTimeout(deadline);
    outcome.slot?.release();
    asked.free();
    if (outcome.slot !== null) outcome.upstreamMs = performance.now() - from;
  }
  return outcome;
}

/** TOTAL_TIMEOUT, which counts from the slot on; 0 is off. */
function endInTime(totalMs: number, stop: AbortController): NodeJS.Timeout | undefined {
  if (totalMs === 0) return undefined;
  return setTimeout(() => {
    stop.abort(new GatewayError("upstream_timeout", "The answer took too long (TOTAL_TIMEOUT)."));
  }, totalMs);
}
