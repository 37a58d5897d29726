/**
 * A binary heap that knows the index of each item, so any item can be removed in O(log n). The
 * order of an item may change only while the item is out of the heap: if two change at once,
 * repairing one after the other breaks the heap. The item itself has its index in the member named
 * `at` (-1: not in the heap), so one item can be in several heaps at once.
 */
export class Heap<At extends string, Item extends Record<At, number>> {
  readonly #at: At;
  readonly #before: (a: Item, b: Item) => boolean;
  readonly #items: Item[] = [];

  constructor(at: At, before: (a: Item, b: Item) => boolean) {
    this.#at = at;
    this.#before = before;
  }

  get first(): Item | undefined {
    return this.#items[0];
  }

  get length(): number {
    return this.#items.length;
  }

  add(item: Item): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  /** Does nothing if the item is not in the heap. */
  remove(item: Item): void {
    const index = item[this.#at];
    if (index < 0) return;
    this.#put(item, -1);
    const last = this.#items.pop();
    if (last === undefined || last === item) return;
    this.#settle(last, index);
  }

  #settle(item: Item, index: number): void {
    if (!this.#rise(item, index)) this.#sink(item, item[this.#at]);
  }

  #put(item: Item, index: number): void {
    const place: Record<At, number> = item;
    place[this.#at] = index;
    if (index >= 0) this.#items[index] = item;
  }

  /** True if the item went up. */
  #rise(item: Item, from: number): boolean {
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = this.#items[above];
      if (parent === undefined || !this.#before(item, parent)) break;
      this.#put(parent, index);
      index = above;
    }
    this.#put(item, index);
    return index < from;
  }

  #sink(item: Item, from: number): void {
    let index = from;
    for (;;) {
      let below = 2 * index + 1;
      let child = this.#items[below];
      if (child === undefined) break;
      const right = this.#items[below + 1];
      if (right !== undefined && this.#before(right, child)) {
        below++;
        child = right;
      }
      if (!this.#before(child, item)) break;
      this.#put(child, index);
      index = below;
    }
    this.#put(item, index);
  }
}
