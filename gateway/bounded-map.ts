import { Roster } from "./roster.ts";

type BoundedMapOptions<T> = {
  /** False for an item that must stay. Default: every item may go. */
  mayForget?: (item: T) => boolean;
};

/**
 * A map that never holds more than `most` items. A new key takes the place of the item that was set
 * the longest time ago. Clients choose many of the keys (model names, addresses, conversations), so
 * a map without a bound would grow without end.
 *
 * The one exception: if no item may be forgotten, the map grows until one may.
 */
export class BoundedMap<T> {
  readonly #most: number;
  readonly #mayForget: (item: T) => boolean;
  readonly #items = new Roster<T>();
  /** The key that was set last: it needs no other place when it is set again. */
  #latest: string | null = null;

  constructor(most: number, { mayForget = () => true }: BoundedMapOptions<T> = {}) {
    this.#most = most;
    this.#mayForget = mayForget;
  }

  get size(): number {
    return this.#items.size;
  }

  /** True if the next new key takes the place of another. */
  get isFull(): boolean {
    return this.#items.size >= this.#most;
  }

  /** Reading does not change the order. */
  get(key: string): T | undefined {
    return this.#items.get(key);
  }

  /** Makes this item the latest one. */
  set(key: string, item: T): void {
    const isNew = key !== this.#latest && !this.#items.delete(key);
    if (isNew && this.isFull) this.#forgetOldest();
    this.#items.set(key, item);
    this.#latest = key;
  }

  /** In the order in which they were set, the latest at the end. */
  values(): MapIterator<T> {
    return this.#items.values();
  }

  #forgetOldest(): void {
    for (const key of this.#items.keys()) {
      const item = this.#items.get(key);
      if (item !== undefined && !this.#mayForget(item)) continue;
      this.#items.delete(key);
      return;
    }
  }
}
