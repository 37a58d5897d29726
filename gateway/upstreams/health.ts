import { type Breaker, createBreaker, trialMs } from "./breaker.ts";
import { failureOf, reasonOf } from "./failure.ts";

export type HealthOptions = {
  /** Milliseconds, monotonic. */
  now?: () => number;
  /** In [0, 1), for jitter. */
  random?: () => number;
  /** Runs `call` in `ms`; gives what takes it back. */
  later?: (call: () => void, ms: number) => () => void;
  /** An upstream is used from now on, or no longer; also its first sign of life. */
  onChange: (name: string, up: boolean, reason: string | null) => void;
  /** Time has passed and `usable` may be true again: whoever waits for it should ask. */
  onUsable?: (name: string) => void;
  /**
   * Looks whether an upstream that seemed dead lives: resolves if so, else rejects. Null where it
   * must not be asked now, since it generates for us: then the next exchange is the trial.
   */
  probe?: (name: string) => Promise<void> | null;
};

/** What is known of an upstream. `up` is null until it has answered or failed for good. */
export type HealthView = {
  readonly up: boolean | null;
  readonly state: Breaker["state"] | "busy";
  readonly reason: string | null;
};

/** How the upstreams fare, by what exchanges show; those that look dead are asked now and then. */
export type Health = {
  /** May something be sent to it now? Of an upstream that nothing is known of, yes. */
  usable(name: string): boolean;
  /** Something is sent to it; in the same turn as `usable`, so that a trial is one. */
  tried(name: string): void;
  /** It began to answer. */
  noteAnswered(name: string): void;
  /** An attempt of a user's ended with an error of any kind, also where the client left. */
  noteFailed(name: string, error: unknown, user?: string): void;
  view(name: string): HealthView;
  stop(): void;
};

type Standing = {
  breaker: Breaker;
  up: boolean | null;
  reason: string | null;
  /** 0: it is not busy. */
  busyUntil: number;
  /** Who was last told that it takes no more, with no answer since. */
  limited: string | null;
  cancelBusy: () => void;
  /** Takes back the next look at one that is not closed. */
  cancelLook: () => void;
};

/** A limit that only one user has met may be about their requests alone. Milliseconds. */
const oneUserMs = 2_000;

const unknown: HealthView = { up: null, state: "closed", reason: null };

const timeout = (call: () => void, ms: number): (() => void) => {
  const timer = setTimeout(call, ms).unref();
  return () => clearTimeout(timer);
};

export function createHealth(options: HealthOptions): Health {
  const { onChange, onUsable, probe, later = timeout, random = Math.random } = options;
  const now = options.now ?? (() => performance.now());
  const standings = new Map<string, Standing>();
  let stopped = false;

  function standingOf(name: string): Standing {
    let standing = standings.get(name);
    if (standing === undefined) {
      const tell = (up: boolean, reason: string | null): void => note(name, up, reason);
      const breaker = createBreaker({ now, random, onChange: tell });
      const idle = (): void => {};
      standing = {
        breaker,
        up: null,
        reason: null,
        busyUntil: 0,
        limited: null,
        cancelBusy: idle,
        cancelLook: idle,
      };
      standings.set(name, standing);
    }
    return standing;
  }

  function note(name: string, up: boolean, reason: string | null): void {
    const standing = standingOf(name);
    if (standing.up === up) return;
    standing.up = up;
    standing.reason = reason;
    if (!stopped) onChange(name, up, reason);
  }

  function lookIn(name: string, ms: number): void {
    const standing = standingOf(name);
    standing.cancelLook();
    if (!stopped) standing.cancelLook = later(() => look(name, standing), ms);
  }

  /** The pause is over, or a trial was never heard of again. */
  function look(name: string, { breaker }: Standing): void {
    if (stopped || breaker.state === "closed") return;
    breaker.halfOpen();
    const looking = probe?.(name) ?? null;
    if (looking === null) {
      onUsable?.(name);
      return;
    }
    breaker.tried();
    looking.then(
      () => answered(name),
      (error) => {
        // Exchanges that ran meanwhile know better.
        if (breaker.state === "half-open") failed(name, reasonOf(error));
      },
    );
  }

  function answered(name: string): void {
    const standing = standingOf(name);
    standing.breaker.answered();
    standing.cancelLook();
    note(name, true, null);
  }

  function failed(name: string, reason: string): void {
    const { breaker } = standingOf(name);
    const before = breaker.state;
    breaker.failed(reason);
    if (breaker.state === "open" && before !== "open") lookIn(name, breaker.openUntil - now());
  }

  function busy(name: string, ms: number): void {
    const standing = standingOf(name);
    const until = now() + ms;
    if (stopped || until <= Math.max(standing.busyUntil, now())) return;
    standing.busyUntil = until;
    standing.cancelBusy();
    standing.cancelBusy = later(() => {
      standing.busyUntil = 0;
      onUsable?.(name);
    }, until - now());
  }

  /**
   * A user who asks for too much must not have it closed for all: it is, when another is told so
   * too.
   */
  function limitedFor(name: string, ms: number, user: string): number {
    const standing = standingOf(name);
    const isConfirmed = standing.limited !== null && standing.limited !== user;
    standing.limited ??= user;
    return isConfirmed ? ms : Math.min(ms, oneUserMs);
  }

  return {
    usable(name) {
      const standing = standings.get(name);
      return standing === undefined || (standing.busyUntil === 0 && standing.breaker.usable());
    },
    tried(name) {
      const standing = standings.get(name);
      if (standing === undefined || standing.breaker.state !== "half-open") return;
      standing.breaker.tried();
      lookIn(name, trialMs);
    },
    noteAnswered(name) {
      const standing = standings.get(name);
      if (standing !== undefined) standing.limited = null;
      // As nearly always; nothing to do for it.
      if (standing?.up === true && standing.breaker.isSound) return;
      answered(name);
    },
    noteFailed(name, error, user) {
      const failure = failureOf(error);
      if (failure.kind === "down" || failure.kind === "silent") failed(name, reasonOf(error));
      else if (failure.kind === "nothing") standings.get(name)?.breaker.left();
      else answered(name);
      if (failure.kind !== "busy") return;
      const isLimit = user !== undefined && failure.limit;
      busy(name, isLimit ? limitedFor(name, failure.ms, user) : failure.ms);
    },
    view(name) {
      const standing = standings.get(name);
      if (standing === undefined) return unknown;
      const { breaker, busyUntil, reason, up } = standing;
      return { up, state: busyUntil === 0 ? breaker.state : "busy", reason };
    },
    stop() {
      stopped = true;
      for (const { cancelBusy, cancelLook } of standings.values()) {
        cancelBusy();
        cancelLook();
      }
    },
  };
}
