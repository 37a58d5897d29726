/** Who wants to be asked, about once a second, whether a byte is due. */
export type Beating = { beat(now: number): void };

export type Pulse = {
  /** Milliseconds between two beats: what is due before the next one is due now. */
  readonly everyMs: number;
  add(answer: Beating): void;
  remove(answer: Beating): void;
  stop(): void;
};

/** One timer for all open answers: five thousand waiting streams need no five thousand timers. */
export function createPulse(options: { everyMs?: number } = {}): Pulse {
  const open = new Set<Beating>();
  const everyMs = options.everyMs ?? 1_000;
  const timer = setInterval(() => {
    const now = performance.now();
    for (const answer of open) answer.beat(now);
  }, everyMs).unref();
  return {
    everyMs,
    add: (answer) => void open.add(answer),
    remove: (answer) => void open.delete(answer),
    stop: () => clearInterval(timer),
  };
}
