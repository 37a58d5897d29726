import { Roster } from "../../roster.ts";
import { Recent } from "./recent.ts";

type Promised = {
  /** Until it starts, if nobody else comes. */
  ms: number;
  position: number;
  /** What all starts will have been charged when it starts, if nobody else comes. */
  startedMs: number;
};

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
 * overtaken by every newcomer. How often, is learnt: from what was started
 * before the recent ones beyond what stood ahead of them, of about the same place where there are
 * enough. Both are expectations, so that how long it truly took is no matter.
 */
export class Overtaking {
  readonly #all = new Recent(remembered);
  readonly #byClass = classes.map(() => new Recent(remembered));
  readonly #promised = new Roster<Promised>();

  /** 1 for no longer at all. */
  factor(isBehindOwn: boolean, position: number): number {
    const own = this.#byClass[classOf(position)];
    const ratios = own !== undefined && own.count >= enough ? own : this.#all;
    if (!isBehindOwn || ratios.count < enough) return 1;
    return Math.min(4, Math.max(1, ratios.median() ?? 1));
  }

  /** Somebody comes who stands behind requests of their own. */
  promise(id: string, promised: Promised): void {
    this.#promised.set(id, promised);
  }

  /** They left instead of starting. */
  left(id: string): void {
    this.#promised.delete(id);
  }

  /** They start, and all starts before have been charged `startedMs`, for so many slots. */
  kept(id: string, startedMs: number, slots: number): void {
    const promised = this.#promised.get(id);
    if (promised === undefined) return;
    this.#promised.delete(id);
    if (promised.ms < 1) return;
    const longer = 1 + (startedMs - promised.startedMs) / slots / promised.ms;
    this.#all.add(longer);
    this.#byClass[classOf(promised.position)]?.add(longer);
  }
}

function classOf(position: number): number {
  return classes.findIndex((last) => position <= last);
}
