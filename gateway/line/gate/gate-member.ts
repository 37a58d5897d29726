import type { Box } from "./box.ts";

type MemberOptions = {
  name: string;
  capacity: number;
  weight: number;
  exclusive: boolean;
  box: Box;
  /** How many requests for this model fill the box alone. Null: as many as there are slots. */
  capacityOf: (model: string) => number | null;
};

/**
 * An upstream of the pool: its slots, its running requests, and the model that it holds if it can
 * hold only one. Every member is in a box, most of them alone.
 */
export class GateMember {
  readonly name: string;
  readonly exclusive: boolean;
  readonly box: Box;
  /** Infinite if the line itself counts the slots. */
  capacity: number;
  readonly #options: MemberOptions;
  readonly #models = new Map<string, number>();
  #running = 0;
  #loaded: string | null = null;
  #isMixed = false;

  constructor(options: MemberOptions) {
    this.#options = options;
    this.name = options.name;
    this.exclusive = options.exclusive;
    this.capacity = options.capacity;
    this.box = options.box;
    this.box.add(this);
  }

  get hasSlot(): boolean {
    return this.#running < this.capacity;
  }

  get isIdle(): boolean {
    return this.#running === 0;
  }

  /** The part of its slots in use, divided by its weight. */
  get load(): number {
    return this.#running / this.capacity / this.#options.weight;
  }

  /** The model that was started last, by its name there. */
  get loaded(): string | null {
    return this.#loaded;
  }

  /** It can hold one model, and adopted requests for several run. It takes none until it is idle. */
  get isMixed(): boolean {
    return this.#isMixed;
  }

  /** The part of the box that a request for this model takes. More than 1 never fits. */
  costOf(model: string): number {
    const capacity = this.#options.capacityOf(model) ?? this.capacity;
    return capacity > 0 ? 1 / capacity : Number.POSITIVE_INFINITY;
  }

  /**
   * The part of the box in use here. It is summed each time, because a running sum of doubles
   * drifts.
   */
  get cost(): number {
    let cost = 0;
    for (const [model, count] of this.#models) cost += count * this.costOf(model);
    return cost;
  }

  /** True if another model had to make room. `there`: the model's name on this upstream. */
  start(model: string, there: string): boolean {
    const isSwap = this.exclusive && this.#loaded !== null && this.#loaded !== there;
    this.#models.set(model, (this.#models.get(model) ?? 0) + 1);
    this.#running++;
    this.#loaded = there;
    return isSwap;
  }

  /** Counts a request that already runs here, whatever the rules say. */
  adopt(model: string, there: string): void {
    if (this.exclusive && !this.isIdle && this.#loaded !== there) this.#isMixed = true;
    this.start(model, there);
  }

  end(model: string): void {
    const left = (this.#models.get(model) ?? 0) - 1;
    if (left > 0) this.#models.set(model, left);
    else this.#models.delete(model);
    this.#running--;
    if (this.isIdle) this.#isMixed = false;
  }

  copy(box: Box): GateMember {
    const copy = new GateMember({ ...this.#options, capacity: this.capacity, box });
    for (const [model, count] of this.#models) copy.#models.set(model, count);
    copy.#running = this.#running;
    copy.#loaded = this.#loaded;
    copy.#isMixed = this.#isMixed;
    return copy;
  }
}
