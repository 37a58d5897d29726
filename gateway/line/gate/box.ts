import type { GateMember } from "./gate-member.ts";

/** A billionth of a box, so that three thirds fit although doubles round. */
const epsilon = 1e-9;

/**
 * A machine that several upstreams or models share. Each running request takes a part of it, and
 * the sum stays within 1.
 *
 * A request that fits may start before a fairer one that does not fit. After the time that the
 * rules allow, the box is reserved for the fairer group: nothing else starts in it until that group
 * fits. So its wait is bounded by that time and by the requests that ran then.
 */
export class Box {
  readonly #members: GateMember[] = [];
  /** Key of a group → since when others start before it here. The oldest is first. */
  readonly #passedSince = new Map<string, number>();

  /** Called by each new member. */
  add(member: GateMember): void {
    this.#members.push(member);
  }

  hasRoomFor(cost: number): boolean {
    let load = cost;
    for (const member of this.#members) load += member.cost;
    return load <= 1 + epsilon;
  }

  /** Call it when this group was next and another request of the box started. */
  passedOver(key: string, now: number): void {
    if (!this.#passedSince.has(key)) this.#passedSince.set(key, now);
  }

  /** Call it when a request of this group has started, or none waits any more. */
  forget(key: string): void {
    this.#passedSince.delete(key);
  }

  /**
   * The group that has been passed over for the longest time, if longer than `mostMs`; null if
   * there is none.
   */
  reservedFor(now: number, mostMs: number, isWanted: (key: string) => boolean): string | null {
    for (const [key, since] of this.#passedSince) {
      if (now - since < mostMs) break;
      if (isWanted(key)) return key;
    }
    return null;
  }

  /** A copy without members: their copies add themselves. */
  copy(): Box {
    const copy = new Box();
    for (const [key, since] of this.#passedSince) copy.#passedSince.set(key, since);
    return copy;
  }
}
