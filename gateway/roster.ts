/** A roster to look at. Iterate over it only where nothing is deleted meanwhile. */
export type RosterView<T> = Pick<Roster<T>, "size" | "get" | "has" | "keys" | "values">;

/** So many may be deleted, beside as many as are here, before there is a new map. */
const fewest = 16;

/**
 * Who is here at present, by id: a Map for what comes and goes thousands of times a second.
 *
 * V8 keeps in each table that a Map has outgrown, or filled with deleted entries, the way to the
 * next one (for iterators). Once one such table has grown old, all later ones hang on it, and with
 * them all that was ever in them: the collector of the young generation copies it instead of
 * dropping it, until the next full collection. Here that was a fifth of all that requests allocate,
 * and a fifth of the CPU. A new Map now and then ends the chain.
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

  /** True when it was here. */
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
