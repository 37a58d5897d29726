import type { Accepted } from "./reserve.ts";
import { type EndingClient, type SettleParts, settle } from "./settle.ts";
import { createTries, type Tries, type TriesParts } from "./tries.ts";
import { type Serve, type TurnsParts, takeTurns, type WaitingClient } from "./turns.ts";

export type RunAcceptedParts = TurnsParts & TriesParts & SettleParts;

/**
 * Carries an accepted generation to its end: it waits for slots, is served in them, and is settled.
 * Rejects only for a fault of the gateway.
 */
export function runAccepted(
  parts: RunAcceptedParts,
  accepted: Accepted,
  client: WaitingClient & EndingClient,
  serve: Serve,
  tries: Tries = createTries(parts, accepted),
): Promise<void> {
  return takeTurns(parts, accepted, client, serve, tries).then((outcome) =>
    settle(parts, accepted, client, outcome),
  );
}
