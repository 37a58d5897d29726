/** A limit that only one user has met may be about their requests alone. Milliseconds. */
const oneUserMs = 2_000;

export type BusyOptions = {
  now: () => number;
  later: (call: () => void, ms: number) => () => void;
  /** The time is over. */
  onOver: () => void;
};

/** The time for which an upstream takes nothing, because it said so. */
export type Busy = {
  readonly isBusy: boolean;
  /**
   * It takes nothing for `ms`; what was said of a longer time stays. `user`: it is a limit that
   * this user met. One who asks for too much must not have it closed for all: it is, when another
   * meets it too, with no answer between.
   */
  said(ms: number, user: string | null): void;
  /** It answered somebody: who meets a limit from now on is the first. */
  answered(): void;
  stop(): void;
};

export function createBusy({ now, later, onOver }: BusyOptions): Busy {
  let until = 0;
  let limited: string | null = null;
  let cancel = (): void => {};

  function over(): void {
    until = 0;
    onOver();
  }

  function bounded(ms: number, user: string | null): number {
    if (user === null) return ms;
    const isConfirmed = limited !== null && limited !== user;
    limited ??= user;
    return isConfirmed ? ms : Math.min(ms, oneUserMs);
  }

  return {
    get isBusy() {
      return until !== 0;
    },
    said(ms, user) {
      const from = now();
      const end = from + bounded(ms, user);
      if (end <= Math.max(until, from)) return;
      until = end;
      cancel();
      cancel = later(over, end - from);
    },
    answered() {
      limited = null;
    },
    stop: () => cancel(),
  };
}
