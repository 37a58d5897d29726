import { Recent } from "./recent.ts";

type Promised = { ms: number; isBehindOwn: boolean };

/** So many must have waited before their waits are held against the promises. */
const enough = 5;

/**
 * How much longer waits become because others come and go first. Whoever has nothing else in line
 * enters at the present and is overtaken by nobody; whoever stands behind requests of their own is
 * overtaken by every newcomer. How often, is learnt: the median of waited/promised of the recent ones.
 */
export class Overtaking {
  readonly #ratios = new Recent();
  readonly #promised = new Map<string, Promised>();

  /** 1 for no longer at all. */
  factor(isBehindOwn: boolean): number {
    if (!isBehindOwn || this.#ratios.count < enough) return 1;
    return Math.min(4, Math.max(1, this.#ratios.median() ?? 1));
  }

  /** What somebody would wait if nobody else came. */
  promise(id: string, promised: Promised): void {
    this.#promised.set(id, promised);
  }

  /** They have started; `waitedMs` is null for those who left instead. */
  kept(id: string, waitedMs: number | null): void {
    const promised = this.#promised.get(id);
    if (promised === undefined) return;
    this.#promised.delete(id);
    if (waitedMs === null || !promised.isBehindOwn || promised.ms < 1) return;
    this.#ratios.add(waitedMs / promised.ms);
  }
}
