import type { Limits } from "./limits.ts";

/** Limits that can begin anew. */
export type RenewedLimits = Limits & {
  /** Forgets what was counted: the ledger knows it, and what others counted since. */
  renew(): void;
};

/** For a gateway that counts only at times: while another one does, what was counted here gets old. */
export function createRenewedLimits(make: () => Limits): RenewedLimits {
  let now = make();
  return {
    recall: (...args) => now.recall(...args),
    reserve: (...args) => now.reserve(...args),
    adopt: (...args) => now.adopt(...args),
    countsTokens: (...args) => now.countsTokens(...args),
    states: (...args) => now.states(...args),
    renew() {
      now = make();
    },
  };
}
