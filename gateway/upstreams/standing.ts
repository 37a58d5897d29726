import { type Breaker, createBreaker, trialMs } from "./breaker.ts";
import { createBusy } from "./busy.ts";
import { failureOf, reasonOf } from "./failure.ts";

export type StandingOptions = {
  /** Milliseconds, monotonic. */
  now: () => number;
  /** In [0, 1), for jitter. */
  random: () => number;
  /** Runs `call` in `ms`; gives what takes it back. */
  later: (call: () => void, ms: number) => () => void;
  onChange: (up: boolean, reason: string | null) => void;
  onUsable: () => void;
  /** As HealthOptions.probe. */
  probe: () => Promise<void> | null;
};

/** What is known of an upstream. `up` is null until it has answered or failed for good. */
export type HealthView = {
  readonly up: boolean | null;
  readonly state: Breaker["state"] | "busy";
  readonly reason: string | null;
};

/** The health of one upstream. See Health. */
export type Standing = {
  usable(): boolean;
  tried(): void;
  answered(): void;
  failed(error: unknown, user?: string): void;
  view(): HealthView;
  stop(): void;
};

export function createStanding(options: StandingOptions): Standing {
  const { now, later, onChange, onUsable, probe } = options;
  const breaker = createBreaker({ now, random: options.random, onChange: note });
  const busy = createBusy({ now, later, onOver: onUsable });
  let up: boolean | null = null;
  let reason: string | null = null;
  /** Takes back the next look at one that is not closed. */
  let cancelLook = (): void => {};
  let stopped = false;

  function note(isUp: boolean, why: string | null): void {
    if (up === isUp) return;
    up = isUp;
    reason = why;
    if (!stopped) onChange(isUp, why);
  }

  function lookIn(ms: number): void {
    cancelLook();
    if (!stopped) cancelLook = later(look, ms);
  }

  /** The pause is over, or a trial had no result. */
  function look(): void {
    if (stopped || breaker.state === "closed") return;
    breaker.halfOpen();
    const looking = probe();
    if (looking === null) {
      onUsable();
      return;
    }
    breaker.tried();
    // An exchange that ran meanwhile counts more than a failed check.
    looking.then(lives, (error) => breaker.state === "half-open" && fails(reasonOf(error)));
  }

  function lives(): void {
    breaker.answered();
    cancelLook();
    note(true, null);
  }

  function fails(why: string): void {
    const before = breaker.state;
    breaker.failed(why);
    if (breaker.state === "open" && before !== "open") lookIn(breaker.openUntil - now());
  }

  return {
    usable: () => !busy.isBusy && breaker.usable(),
    tried() {
      if (breaker.state !== "half-open") return;
      breaker.tried();
      lookIn(trialMs);
    },
    answered() {
      busy.answered();
      // The usual case: nothing to do.
      if (up !== true || !breaker.isSound) lives();
    },
    failed(error, user) {
      const failure = failureOf(error);
      if (failure.kind === "down" || failure.kind === "silent") fails(reasonOf(error));
      else if (failure.kind === "nothing") breaker.left();
      else lives();
      if (failure.kind !== "busy" || stopped) return;
      busy.said(failure.ms, failure.limit ? (user ?? null) : null);
    },
    view: () => ({ up, state: busy.isBusy ? "busy" : breaker.state, reason }),
    stop() {
      stopped = true;
      busy.stop();
      cancelLook();
    },
  };
}
