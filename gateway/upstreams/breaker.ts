/** Failures in a row before nothing is sent any more. */
const patience = 3;

/**
 * How long nothing is sent: doubling from `first`, back to it after `steady` without trouble.
 * Milliseconds.
 */
const pause = { first: 1_000, longest: 30_000, steady: 30_000 };

/** A trial of which nothing is heard holds up the next one no longer than this. Milliseconds. */
export const trialMs = 60_000;

export type BreakerOptions = {
  now: () => number;
  random: () => number;
  /** Whether work is sent, when that changed. */
  onChange: (up: boolean, reason: string | null) => void;
};

/**
 * Whether one upstream is sent work. `closed`: yes. `open`: no, for `openMs`. `half-open`: one
 * trial at a time. Knows no timer and no upstream; times are those of `now`.
 */
export type Breaker = {
  readonly state: "closed" | "open" | "half-open";
  /** Closed, and no failure since the last answer. */
  readonly isSound: boolean;
  /** When `open` ends; of no meaning otherwise. */
  readonly openUntil: number;
  /** May something be sent now? */
  usable(): boolean;
  /** Something is sent: in `half-open`, that is the trial. */
  tried(): void;
  /** `open` is over. */
  halfOpen(): void;
  answered(): void;
  failed(reason: string): void;
  /** A trial ended that shows nothing. */
  left(): void;
};

export function createBreaker({ now, random, onChange }: BreakerOptions): Breaker {
  let state: Breaker["state"] = "closed";
  let failures = 0;
  let openMs = pause.first;
  let openUntil = 0;
  let closedSince = Number.NEGATIVE_INFINITY;
  /** Null: none is under way. */
  let trialSince: number | null = null;

  function open(reason: string): void {
    const wasClosed = state === "closed";
    if (wasClosed && now() - closedSince >= pause.steady) openMs = pause.first;
    else openMs = Math.min(openMs * 2, pause.longest);
    state = "open";
    trialSince = null;
    // A quarter more or less, so that several gateways do not all come at one moment.
    openUntil = now() + openMs * (0.75 + random() / 2);
    if (wasClosed) onChange(false, reason);
  }

  return {
    get state() {
      return state;
    },
    get isSound() {
      return state === "closed" && failures === 0;
    },
    get openUntil() {
      return openUntil;
    },
    usable() {
      if (state === "closed") return true;
      if (state === "open") return false;
      return trialSince === null || now() - trialSince >= trialMs;
    },
    tried() {
      if (state === "half-open") trialSince = now();
    },
    halfOpen() {
      if (state === "open") state = "half-open";
    },
    answered() {
      failures = 0;
      trialSince = null;
      if (state === "closed") return;
      state = "closed";
      closedSince = now();
      onChange(true, null);
    },
    failed(reason) {
      failures += 1;
      // What was sent before it opened fails late, and says nothing new.
      if (state === "open") return;
      if (state === "half-open" || failures >= patience) open(reason);
    },
    left() {
      trialSince = null;
    },
  };
}
