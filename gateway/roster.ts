/** A roster to look at. Iterate over it only where nothing is deleted meanwhile. */
export type RosterView<T> = Pick<Roster<T>, "size" | "get" | "has" | "keys" | "values">;

/** So many may be deleted, beside as many as are here, before there is a new map. */
const fewest = 16;

/**
 * The present members by id: a Map for members that come and go thousands of times a second.
 *
 * When a Map outgrows its table, V8 keeps a pointer from the old table to the new one (for
 * iterators). Once one such table is in the old generation, all later tables and their members are
 * reachable from it. The young collector then copies them instead of freeing them, until the next
 * full collection. That was a fifth of all memory that requests allocate, and a fifth of the CPU. A
 * new Map now and then ends the chain.
 */
export class Roster<T> {
  #map = new Map<string, T>();
  #deleted = 0;

  get size(): number {
    return this.#map.size;
  }

  get(id: string): T | undefined {
    return this.#map.get(id);
  }

  has(id: string): boolean {
    return this.#map.has(id);
  }

  set(id: string, item: T): void {
    this.#map.set(id, item);
  }

  /** True if it was a member. */
  delete(id: string): boolean {
    if (!this.#map.delete(id)) return false;
    this.#deleted += 1;
    if (this.#deleted > fewest + this.#map.size) {
      this.#map = new Map(this.#map);
      this.#deleted = 0;
    }
    return true;
  }

  /** In the order of arrival, as `values`. */
  keys(): MapIterator<string> {
    return this.#map.keys();
  }

  values(): MapIterator<T> {
    return this.#map.values();
  }
}
