import type { AdoptingKeeper, Candidate } from "../../generation/keeper.ts";
import type { LineState } from "./gateway-messages.ts";

/** The lines and limits of this gateway, which it keeps for all while it is the keeper. */
export type KeptLines = {
  readonly keeper: AdoptingKeeper;
  /** Takes a slot there for what a silent gateway may run. Returns what gives it back. */
  occupy(upstream: string, gateway: string): () => void;
  /** Whether a request may start has changed. */
  reconsider(): void;
  /** What was counted of users before is old: the ledger knows what they used. */
  forgetUsers(): void;
  /** Reads from the ledger what these users used. Never rejects. */
  recall(candidates: readonly Candidate[]): Promise<void>;
  /** How an administrator wants the queue. */
  state(): LineState;
  steer(state: LineState): void;
};
