import type { Identity } from "../auth/identity.ts";
import type { Roster } from "../roster.ts";
import type { Accepted } from "./reserve.ts";
import { type EndingClient, type SettleParts, settle } from "./settle.ts";
import { createTries, type Tries, type TriesParts } from "./tries.ts";
import { type Serve, type TurnsParts, takeTurns, type WaitingClient } from "./turns.ts";

/** A generation between its acceptance and its end. */
export type Underway = {
  readonly user: string;
  readonly identity: Identity;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly stop: AbortController;
};

export type RunAcceptedParts = TurnsParts &
  TriesParts &
  SettleParts & {
    /** The generations under way, by id, so that one can be stopped from outside. */
    underway: Pick<Roster<Underway>, "set" | "delete">;
  };

/**
 * Carries an accepted generation to its end: it waits for slots, is served in them, and is settled.
 * Rejects only for a fault of the gateway.
 */
export async function runAccepted(
  parts: RunAcceptedParts,
  accepted: Accepted,
  client: WaitingClient & EndingClient,
  serve: Serve,
  tries: Tries = createTries(parts, accepted),
): Promise<void> {
  const { exchange, identity, stop } = accepted;
  const { user } = identity;
  parts.underway.set(exchange.id, { user, identity, startedAt: exchange.startedAt, stop });
  try {
    const outcome = await takeTurns(parts, accepted, client, serve, tries);
    await settle(parts, accepted, client, outcome);
  } finally {
    parts.underway.delete(exchange.id);
  }
}
