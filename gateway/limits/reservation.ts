import { type Amounts, nothing } from "./limit.ts";
import type { UserWindows } from "./user-windows.ts";

/** What a generation has used in the end; unknown is null. */
export type Used = {
  input: number | null;
  output: number | null;
  /** Tokens that were seen to pass; they are charged where `output` is unknown. */
  passed?: number;
  /** True if an upstream read the prompt: its tokens are charged, by the estimate if unknown. */
  ran?: boolean;
  /** Milliseconds of a slot; null where it had none. */
  upstreamMs: number | null;
  cost?: number;
};

/** The part of a user's limits that one generation holds. */
export type Reservation = {
  /** For the answer: how the user's limits stand. Empty where there are none. */
  readonly headers: Readonly<Record<string, string>>;
  /** True if a limit only slows: the request waits behind all users within their limits. */
  readonly background: boolean;
  /** What was used takes the place of what was reserved. Only the first end counts. */
  settle(used: Used, now: number): void;
};

/** The reservation of a user without limits: does nothing. */
export const unlimited: Reservation = {
  headers: {},
  background: false,
  settle() {},
};

/** What ends a hold, once: what was used takes its place. */
export type EndHold = (amounts: Amounts, now: number) => void;

/** Keeps `held` for one generation, and counts its request. */
export function hold(account: UserWindows, held: Omit<Amounts, "requests">, now: number): EndHold {
  account.add({ ...nothing, requests: 1 }, now);
  return holdCounted(account, held);
}

/** The same for a generation with a request that is counted already. */
export function holdCounted(account: UserWindows, held: Omit<Amounts, "requests">): EndHold {
  const { tokens, upstream, cost } = held;
  account.hold({ requests: 0, tokens, upstream, cost });
  account.underWay += 1;
  let isOpen = true;
  return (amounts, endedAt) => {
    if (!isOpen) return;
    isOpen = false;
    account.underWay -= 1;
    account.hold({ requests: 0, tokens: -tokens, upstream: -upstream, cost: -cost });
    account.add(amounts, endedAt);
  };
}
