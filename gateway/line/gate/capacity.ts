import type { LineOptions } from "../line.ts";
import type { FairQueue } from "../order/fair-queue.ts";

/** The number of slots of the only upstream, or of each upstream in a pool. */
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
   * How many requests p-queue may run beside the adopted ones. In a pool the seats count instead: a sum would stop an
   * upstream with free slots while another runs more than its lowered capacity.
   */
  get concurrency(): number {
    return this.#byUpstream === null ? this.#total : Number.POSITIVE_INFINITY;
  }

  /** Throws if the pool has no upstream of that name, or several and none is named. */
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
