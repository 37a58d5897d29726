/** How long a limit of one user counts; it may concern their requests alone. Milliseconds. */
const oneUserMs = 2_000;

export type BusyOptions = {
  now: () => number;
  later: (call: () => void, ms: number) => () => void;
  /** The time is over. */
  onOver: () => void;
};

/** The time for which an upstream takes no requests, because it said so. */
export type Busy = {
  readonly isBusy: boolean;
  /**
   * It takes nothing for `ms`, or for a longer time that it named before. `user`: the limit is of
   * this user's requests. One user must not close an upstream for all, so it closes only when
   * another user meets a limit too, without an answer between.
   */
  said(ms: number, user: string | null): void;
  /** It answered a request. The next user with a limit is the first one again. */
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
