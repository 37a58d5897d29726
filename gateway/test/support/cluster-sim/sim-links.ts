import type { SimRandom } from "./sim-random.ts";
import type { SimScheduler } from "./sim-scheduler.ts";

type LinkState = {
  /** The most of what a packet usually takes. */
  usualMs: number;
  isCut: boolean;
  /** Called when packets pass again, or when the connections over it are reset. */
  readonly waits: Set<(what: "heals" | "resets") => void>;
};

/** The ways between machines. Each has two directions, which are cut and slowed apart. */
export class SimLinks {
  readonly #scheduler: SimScheduler;
  readonly #random: SimRandom;
  readonly #links = new Map<string, LinkState>();

  constructor(scheduler: SimScheduler, random: SimRandom) {
    this.#scheduler = scheduler;
    this.#random = random;
  }

  isCut(from: string, to: string): boolean {
    return this.#of(from, to).isCut;
  }

  /** What one packet takes now. */
  delay(from: string, to: string): number {
    const { usualMs } = this.#of(from, to);
    const random = this.#random;
    return random.chance(0.01) ? random.between(0, usualMs * 20) : random.between(0.1, usualMs);
  }

  slow(from: string, to: string, usualMs: number): void {
    this.#of(from, to).usualMs = usualMs;
  }

  cut(from: string, to: string): void {
    this.#of(from, to).isCut = true;
  }

  /** What waits is sent again, some time later. Some connections end instead. */
  heal(from: string, to: string): void {
    const link = this.#of(from, to);
    link.isCut = false;
    this.#tell(link, "heals", this.#random.between(0, 2_000));
  }

  /** Something on the way ends all connections. */
  reset(from: string, to: string): void {
    this.#tell(this.#of(from, to), "resets", 1);
  }

  /** `told` may come many times, until the result is called. */
  watch(from: string, to: string, told: (what: "heals" | "resets") => void): () => void {
    const { waits } = this.#of(from, to);
    waits.add(told);
    return () => waits.delete(told);
  }

  #tell({ waits }: LinkState, what: "heals" | "resets", mostMs: number): void {
    for (const told of [...waits]) {
      this.#scheduler.after(this.#random.between(0, mostMs), () => {
        if (waits.has(told)) told(what);
      });
    }
  }

  #of(from: string, to: string): LinkState {
    const key = `${from}>${to}`;
    const known = this.#links.get(key);
    if (known !== undefined) return known;
    const usualMs = this.#random.between(0.2, 5);
    const link: LinkState = { usualMs, isCut: false, waits: new Set() };
    this.#links.set(key, link);
    return link;
  }
}
