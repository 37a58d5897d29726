import { createStanding, type HealthView, type Standing } from "./standing.ts";

export type HealthOptions = {
  /** Milliseconds, monotonic. */
  now?: () => number;
  /** In [0, 1), for jitter. */
  random?: () => number;
  /** Runs `call` in `ms`; gives what takes it back. */
  later?: (call: () => void, ms: number) => () => void;
  /** An upstream is used from now on, or no longer; also its first sign of life. */
  onChange: (name: string, up: boolean, reason: string | null) => void;
  /** Called when `usable` may be true again. Waiting requests should then ask. */
  onUsable?: (name: string) => void;
  /**
   * Checks an upstream that seemed dead. Resolves if it lives, rejects if not. Null if it must not
   * be asked now because it generates for us; then the next exchange is the trial.
   */
  probe?: (name: string) => Promise<void> | null;
};

/**
 * The health of all upstreams, learnt from exchanges. An upstream that looks dead is asked now and
 * then.
 */
export type Health = {
  /** True if a request may be sent to it now, also if nothing is known of it. */
  usable(name: string): boolean;
  /** A request is sent to it. Call it in the same turn as `usable`, so that there is one trial. */
  tried(name: string): void;
  /** It began to answer. */
  noteAnswered(name: string): void;
  /** An attempt ended with an error of any kind, also if the client left. */
  noteFailed(name: string, error: unknown, user?: string): void;
  view(name: string): HealthView;
  stop(): void;
};

const unknown: HealthView = { up: null, state: "closed", reason: null };

const timeout = (call: () => void, ms: number): (() => void) => {
  const timer = setTimeout(call, ms).unref();
  return () => clearTimeout(timer);
};

export function createHealth(options: HealthOptions): Health {
  const { onChange, onUsable, probe, later = timeout, random = Math.random } = options;
  const now = options.now ?? (() => performance.now());
  const standings = new Map<string, Standing>();

  function of(name: string): Standing {
    let standing = standings.get(name);
    if (standing === undefined) {
      standing = createStanding({
        ...{ now, random, later },
        onChange: (up, reason) => onChange(name, up, reason),
        onUsable: () => onUsable?.(name),
        probe: () => probe?.(name) ?? null,
      });
      standings.set(name, standing);
    }
    return standing;
  }

  return {
    usable: (name) => standings.get(name)?.usable() ?? true,
    tried: (name) => standings.get(name)?.tried(),
    noteAnswered: (name) => of(name).answered(),
    noteFailed: (name, error, user) => of(name).failed(error, user),
    view: (name) => standings.get(name)?.view() ?? unknown,
    stop() {
      for (const standing of standings.values()) standing.stop();
    },
  };
}
