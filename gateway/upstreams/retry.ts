import type { GatewayError } from "../errors.ts";
import { failureOf } from "./failure.ts";

/**
 * True if an exchange may go to another upstream: the client has seen no byte of an answer. Not
 * after silence, because that upstream may still be generating.
 */
export function isRetryable(error: unknown): boolean {
  const { kind } = failureOf(error);
  return kind === "down" || kind === "busy" || kind === "unusable";
}

/** Which errors of an upstream are worth asking another one, within a budget. */
export type Retries = {
  isWorthIt(error: GatewayError): boolean;
  /** A request is sent for the first time. */
  noteRequest(): void;
};

/** @param share - how many processes share the retries that need no requests */
export function createRetries(share: number = 1): Retries {
  const budget = createRetryBudget({ floor: Math.ceil(retriesAtLeast / share) });
  return {
    isWorthIt: (error) => isRetryable(error) && budget.take(),
    noteRequest: budget.noteRequest,
  };
}

export type RetryBudget = {
  /** An exchange is sent for the first time. */
  noteRequest(): void;
  /** Takes a retry out of the budget; false where it is spent. */
  take(): boolean;
};

/** Retries in a window that need no requests. */
const retriesAtLeast = 10;

export type RetryBudgetOptions = {
  /** Retries for each recent request. */
  ratio?: number;
  /** Retries in a window that need no requests. */
  floor?: number;
  windowMs?: number;
  now?: () => number;
};

/** A window is counted in so many parts, of which the oldest is forgotten as a whole. */
const parts = 10;

/**
 * Bounds retries to a part of the recent requests, so that upstreams in trouble are not drowned in
 * them. Counts only, whatever the traffic.
 */
export function createRetryBudget(options: RetryBudgetOptions = {}): RetryBudget {
  const {
    ratio = 0.2,
    floor = retriesAtLeast,
    windowMs = 10_000,
    now = () => performance.now(),
  } = options;
  const partMs = windowMs / parts;
  const requests = new Float64Array(parts);
  const retries = new Float64Array(parts);
  let part = Math.floor(now() / partMs);

  /** The index of the present part, after what is older than a window is forgotten. */
  function turn(): number {
    const current = Math.floor(now() / partMs);
    for (let gone = Math.max(part, current - parts) + 1; gone <= current; gone++) {
      requests[gone % parts] = 0;
      retries[gone % parts] = 0;
    }
    part = Math.max(part, current);
    return part % parts;
  }

  const sum = (counts: Float64Array): number => counts.reduce((total, count) => total + count, 0);
  const add = (counts: Float64Array, at: number): void => {
    counts[at] = (counts[at] ?? 0) + 1;
  };

  return {
    noteRequest: () => add(requests, turn()),
    take() {
      const at = turn();
      if (sum(retries) + 1 > floor + ratio * sum(requests)) return false;
      add(retries, at);
      return true;
    },
  };
}
