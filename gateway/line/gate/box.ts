import type { GateMember } from "./gate-member.ts";

/** A billionth of a box: three thirds are a whole, whatever a double makes of them. */
const epsilon = 1e-9;

/**
 * A machine that several upstreams or models share. Each running generation takes a part of it, and
 * the sum stays within 1.
 *
 * Who fits may pass over those whose turn it would be and who do not. Whoever has been passed over
 * for so long as the rules allow gets the box reserved: nothing else starts in it until they fit.
 * So the wait is bounded by that time and what was running then.
 */
export class Box {
  readonly #members: GateMember[] = [];
  /** Key of a group → since when its requests have been passed over here; oldest first. */
  readonly #passedSince = new Map<string, number>();

  /** Each member adds itself. */
  add(member: GateMember): void {
    this.#members.push(member);
  }

  hasRoomFor(cost: number): boolean {
    let load = cost;
    for (const member of this.#members) load += member.cost;
    return load <= 1 + epsilon;
  }

  /** It was this group's turn, and something else of the box started. */
  passedOver(key: string, now: number): void {
    if (!this.#passedSince.has(key)) this.#passedSince.set(key, now);
  }

  /** One of this group has started, or none waits any more: nobody is being passed over. */
  forget(key: string): void {
    this.#passedSince.delete(key);
  }

  /**
   * The group that has been passed over for longest, and for longer than `mostMs`; null for none.
   */
  reservedFor(now: number, mostMs: number, isWanted: (key: string) => boolean): string | null {
    for (const [key, since] of this.#passedSince) {
      if (now - since < mostMs) break;
      if (isWanted(key)) return key;
    }
    return null;
  }

  /** Without its members: their copies add themselves. */
  copy(): Box {
    const copy = new Box();
    for (const [key, since] of this.#passedSince) copy.#passedSince.set(key, since);
    return copy;
  }
}
