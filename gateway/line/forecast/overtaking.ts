import { Roster } from "../../roster.ts";
import { Recent } from "./recent.ts";

type Promised = {
  /** Milliseconds until its start, if nothing else comes. */
  ms: number;
  /** The charges of all starts until its own, if nothing else comes. */
  startedMs: number;
};

/** So many waits must have ended before they correct the promises. */
const enough = 5;
/** A busy or a quiet time lasts for many waits. A median is steady only over several such times. */
const remembered = 200;

/**
 * Learns how much longer waits become because newcomers start first. A user with nothing else in
 * line joins at the present, so nobody can overtake them. A request behind others of its own user
 * is overtaken by every newcomer. The factor is learnt from recent waits: the charges that started
 * before them, beyond the charges that were ahead. Both are expectations, so the true times do not
 * disturb it.
 */
export class Overtaking {
  readonly #longer = new Recent(remembered);
  readonly #promised = new Roster<Promised>();

  /** 1 if waits do not become longer. */
  factor(isBehindOwn: boolean): number {
    if (!isBehindOwn || this.#longer.count < enough) return 1;
    return Math.min(4, Math.max(1, this.#longer.median() ?? 1));
  }

  /** Call it when a request joins behind others of its own user. */
  promise(id: string, promised: Promised): void {
    this.#promised.set(id, promised);
  }

  /** Call it when a request leaves without a start. */
  left(id: string): void {
    this.#promised.delete(id);
  }

  /**
   * Call it when a request starts. `startedMs`: the charges of all starts before it, on so many
   * slots.
   */
  kept(id: string, startedMs: number, slots: number): void {
    const promised = this.#promised.get(id);
    if (promised === undefined) return;
    this.#promised.delete(id);
    if (promised.ms < 1) return;
    this.#longer.add(1 + (startedMs - promised.startedMs) / slots / promised.ms);
  }
}
