/** An open answer, which is asked every few seconds whether a byte is due. */
export type Beating = {
  beat(now: number): void;
  /** Its index in the list of the pulse; -1 if it is not there. */
  pulseIndex: number;
};

export type Pulse = {
  /** Milliseconds between two beats: what is due before the next one is due now. */
  readonly everyMs: number;
  add(answer: Beating): void;
  remove(answer: Beating): void;
  stop(): void;
};

/**
 * How often to beat where the shortest of these silences must be noticed in time: null is one that
 * nobody watches. Each beat touches every open answer, which for thousands is mostly waiting for
 * memory: so it comes as seldom as serves. Milliseconds.
 */
export function beatFor(silencesMs: readonly (number | null)[]): number {
  const watched = silencesMs.filter((ms) => ms !== null && ms > 0);
  return Math.max(1_000, Math.min(3_000, ...watched.map((ms) => Number(ms) / 5)));
}

/**
 * One timer for all open answers: five thousand waiting streams need no five thousand timers. A
 * list and not a Set, for the reason that `roster.ts` gives.
 */
export function createPulse(options: { everyMs?: number } = {}): Pulse {
  const open: Beating[] = [];
  const everyMs = options.everyMs ?? 1_000;
  const timer = setInterval(() => {
    const now = performance.now();
    // A beat may end an answer, which takes it out.
    for (const answer of [...open]) answer.beat(now);
  }, everyMs).unref();
  return {
    everyMs,
    add(answer) {
      answer.pulseIndex = open.push(answer) - 1;
    },
    remove(answer) {
      const index = answer.pulseIndex;
      if (index < 0) return;
      answer.pulseIndex = -1;
      const last = open.pop();
      if (last === undefined || last === answer) return;
      open[index] = last;
      last.pulseIndex = index;
    },
    stop: () => clearInterval(timer),
  };
}
