import type { BusyAt, Clock } from "./ports.ts";
import type { ClusterTimes } from "./times.ts";

/** Slots at one upstream that a silent gateway may use, or may not. */
export type Suspect = {
  readonly gateway: string;
  readonly upstream: string;
  readonly count: number;
  /** Since when nothing was heard of it. Monotonic milliseconds. */
  readonly since: number;
  /** Frees so many of them. */
  free(count: number): void;
};

type Look = { readonly at: number; readonly busy: number };

/** Between the two looks that prove something. Milliseconds. */
const apartMs = 1_000;

/**
 * Frees the slots of silent gateways by what their upstreams show. A gateway sends only within
 * `fresh` of an answered beat, so from a moment on all that it has sent is at the upstream. Two looks
 * from then on, a second apart, prove that no more of its slots are in use than the larger one shows
 * of everybody's.
 */
export class Suspects {
  readonly #clock: Clock;
  readonly #busyAt: BusyAt;
  /** After so long a silence whatever was sent is visible. Milliseconds. */
  readonly #visibleMs: number;
  readonly #looks = new Map<string, Look>();
  readonly #asked = new Set<string>();

  constructor(clock: Clock, busyAt: BusyAt, { fresh }: Pick<ClusterTimes, "fresh">) {
    this.#clock = clock;
    this.#busyAt = busyAt;
    this.#visibleMs = 2 * fresh + 500;
  }

  /**
   * Looks at the upstreams of those that have been silent long enough.
   * @param now - gives the suspects of the moment, which change while an upstream is asked
   */
  judge(now: () => readonly Suspect[]): void {
    const upstreams = new Set(this.#silent(now()).map(({ upstream }) => upstream));
    for (const upstream of this.#looks.keys()) {
      if (!upstreams.has(upstream)) this.#looks.delete(upstream);
    }
    for (const upstream of upstreams) void this.#look(upstream, now);
  }

  #silent(suspects: readonly Suspect[], at = this.#clock.now()): Suspect[] {
    return suspects.filter(({ count, since }) => count > 0 && at - since >= this.#visibleMs);
  }

  async #look(upstream: string, now: () => readonly Suspect[]): Promise<void> {
    const at = this.#clock.now();
    const last = this.#looks.get(upstream);
    if (this.#asked.has(upstream) || (last !== undefined && at - last.at < apartMs)) return;
    this.#asked.add(upstream);
    const busy = await this.#busyAt(upstream);
    this.#asked.delete(upstream);
    if (busy === null) return;
    if (last !== undefined)
      this.#free(upstream, { at: last.at, busy: Math.max(last.busy, busy) }, now);
    this.#looks.set(upstream, { at, busy });
  }

  /** Only those that were silent long enough at the first of both looks. */
  #free(upstream: string, { at, busy }: Look, now: () => readonly Suspect[]): void {
    // Those that were silent longest first: what is left of them is given away first, too, and must
    // not be what the others still use.
    const there = this.#silent(now(), at)
      .filter((one) => one.upstream === upstream)
      .toSorted((one, other) => one.since - other.since);
    let idle = there.reduce((sum, { count }) => sum + count, 0) - busy;
    for (const suspect of there) {
      if (idle <= 0) return;
      const freed = Math.min(idle, suspect.count);
      idle -= freed;
      suspect.free(freed);
    }
  }
}
