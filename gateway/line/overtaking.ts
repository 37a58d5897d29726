import { Recent } from "./recent.ts";

type Promised = { ms: number; position: number; isBehindOwn: boolean };

/** So many must have waited before their waits are held against the promises. */
const enough = 5;
/**
 * Spells of rush and of quiet last for many waits; only over several of them is a median steady.
 */
const remembered = 200;
/** The last place of each class; those with more before them are overtaken for longer. */
const classes = [2, 4, 8, 16, Number.POSITIVE_INFINITY];

/**
 * How much longer waits become because others come and go first. Whoever has nothing else in line
 * enters at the present and is overtaken by nobody; whoever stands behind requests of their own is
 * overtaken by every newcomer. How often, is learnt: the median of waited/promised of the recent
 * ones, of about the same place where there are enough.
 */
export class Overtaking {
  readonly #all = new Recent(remembered);
  readonly #byClass = classes.map(() => new Recent(remembered));
  readonly #promised = new Map<string, Promised>();

  /** 1 for no longer at all. */
  factor(isBehindOwn: boolean, position: number): number {
    const own = this.#byClass[classOf(position)];
    const ratios = own !== undefined && own.count >= enough ? own : this.#all;
    if (!isBehindOwn || ratios.count < enough) return 1;
    return Math.min(4, Math.max(1, ratios.median() ?? 1));
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
    this.#all.add(waitedMs / promised.ms);
    this.#byClass[classOf(promised.position)]?.add(waitedMs / promised.ms);
  }
}

function classOf(position: number): number {
  return classes.findIndex((last) => position <= last);
}
