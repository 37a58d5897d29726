/** So many at once, the others in their order. */
export type Turns = {
  /** Runs `work` when it is its turn; resolves with null where `signal` aborts before. */
  take<Result>(work: () => Promise<Result>, signal: AbortSignal): Promise<Result | null>;
  /** Those at work and those who wait. */
  size(): number;
};

export function createTurns(atOnce: number): Turns {
  const waiting = new Set<() => void>();
  let running = 0;

  /** Resolves with false where it was not to be. */
  function wait(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const begin = (): void => {
        signal.removeEventListener("abort", leave);
        resolve(true);
      };
      const leave = (): void => {
        waiting.delete(begin);
        resolve(false);
      };
      waiting.add(begin);
      signal.addEventListener("abort", leave, { once: true });
    });
  }

  /** Hands the turn on, so that nobody who comes now is before those who wait. */
  function end(): void {
    const [next] = waiting;
    if (next === undefined) running -= 1;
    else {
      waiting.delete(next);
      next();
    }
  }

  return {
    async take(work, signal) {
      if (running < atOnce) running += 1;
      else if (!(await wait(signal))) return null;
      try {
        return await work();
      } finally {
        end();
      }
    },
    size: () => running + waiting.size,
  };
}
