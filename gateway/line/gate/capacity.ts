import type { LineOptions } from "../line.ts";
import type { FairQueue } from "../order/fair-queue.ts";

/** How many slots there are: of the one upstream, or of each in a pool. */
export class Capacity {
  readonly #queue: FairQueue;
  readonly #byUpstream: Map<string, number> | null;
  #total = 0;

  constructor(queue: FairQueue, { upstreams, capacity = 0 }: LineOptions) {
    this.#queue = queue;
    this.#byUpstream = upstreams
      ? new Map(upstreams.map((upstream) => [upstream.name, upstream.capacity]))
      : null;
    this.#total = capacity;
    this.#sum();
  }

  /** Of all upstreams together. */
  get total(): number {
    return this.#total;
  }

  /**
   * How many p-queue may run. In a pool the queue itself counts the slots of each upstream; a sum
   * would hold up one that has slots while another has more running than its lowered capacity.
   */
  get concurrency(): number {
    return this.#byUpstream === null ? Math.max(1, this.#total) : Number.POSITIVE_INFINITY;
  }

  /** Throws where the pool has no upstream of that name, or several and none is named. */
  set(capacity: number, upstream: string | undefined): void {
    if (this.#byUpstream === null) {
      this.#total = capacity;
      return;
    }
    const [only = "", ...others] = this.#byUpstream.keys();
    const name = upstream ?? (others.length === 0 ? only : "");
    this.#queue.setCapacity(name, capacity);
    this.#byUpstream.set(name, capacity);
    this.#sum();
  }

  #sum(): void {
    if (this.#byUpstream === null) return;
    this.#total = 0;
    for (const capacity of this.#byUpstream.values()) this.#total += capacity;
  }
}
