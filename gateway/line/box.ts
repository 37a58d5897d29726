/** Half a billionth of a box: three thirds are a whole, whatever a double makes of them. */
const epsilon = 1e-9;

export type BoxRules = {
  /** How many generations of this model fill the box alone; null: as many as there are slots. */
  capacityOf(model: string): number | null;
  /** One model at a time: two models never run together. */
  exclusive: boolean;
  /** How long fairer requests may be passed over by others that fit. */
  maxUnfairnessMs: number;
  /** Whether a request for this model waits and could go now but for the box. */
  waits(model: string): boolean;
};

/**
 * A machine that several models share, and which of them may start in it.
 *
 * Budget: each running generation takes 1/capacity of its model, and the sum stays within 1.
 * Exclusive: only the model that runs may start; when nothing runs, the model that was loaded last goes
 * on as long as requests for it wait, because a change of model costs a load.
 *
 * Both pass over requests whose turn it would be. Whoever has been passed over for `maxUnfairnessMs`
 * gets the box reserved: nothing else starts in it until they fit. So the wait is bounded by that time
 * and what was running then.
 */
export class Box {
  readonly #rules: BoxRules;
  readonly #running = new Map<string, number>();
  /** Model → since when a request for it has been passed over; oldest first. */
  readonly #passedSince = new Map<string, number>();
  #loaded: string | null = null;

  constructor(rules: BoxRules) {
    this.#rules = rules;
  }

  mayStart(model: string, now: number): boolean {
    const reservedFor = this.#reservedFor(now);
    if (reservedFor !== null && reservedFor !== model) return false;
    if (this.#rules.exclusive && !this.#mayLoad(model, reservedFor)) return false;
    return this.#load() + this.#cost(model) <= 1 + epsilon;
  }

  started(model: string): void {
    this.#running.set(model, (this.#running.get(model) ?? 0) + 1);
    this.#passedSince.delete(model);
    this.#loaded = model;
  }

  ended(model: string): void {
    const left = (this.#running.get(model) ?? 0) - 1;
    if (left > 0) this.#running.set(model, left);
    else this.#running.delete(model);
  }

  /** It was this model's turn, and something else of the box started. */
  passedOver(model: string, now: number): void {
    if (!this.#passedSince.has(model)) this.#passedSince.set(model, now);
  }

  /** Nobody waits for this model any more: nobody is being passed over. */
  forget(model: string): void {
    this.#passedSince.delete(model);
  }

  copy(rules: BoxRules): Box {
    const copy = new Box(rules);
    for (const [model, count] of this.#running) copy.#running.set(model, count);
    for (const [model, since] of this.#passedSince) copy.#passedSince.set(model, since);
    copy.#loaded = this.#loaded;
    return copy;
  }

  #reservedFor(now: number): string | null {
    for (const [model, since] of this.#passedSince) {
      if (now - since < this.#rules.maxUnfairnessMs) break;
      if (this.#isWanted(model)) return model;
    }
    return null;
  }

  /** Nothing is kept free for those a user's cap holds back, or a capacity of 0: it would stop all. */
  #isWanted(model: string): boolean {
    return this.#rules.waits(model) && this.#cost(model) <= 1;
  }

  #mayLoad(model: string, reservedFor: string | null): boolean {
    for (const running of this.#running.keys()) if (running !== model) return false;
    if (this.#running.size > 0 || reservedFor !== null || this.#loaded === null) return true;
    return this.#loaded === model || !this.#isWanted(this.#loaded);
  }

  /** Summed anew each time: an account kept in doubles drifts. */
  #load(): number {
    let load = 0;
    for (const [model, count] of this.#running) load += count * this.#cost(model);
    return load;
  }

  #cost(model: string): number {
    const capacity = this.#rules.capacityOf(model);
    if (capacity === null) return 0;
    return capacity > 0 ? 1 / capacity : Number.POSITIVE_INFINITY;
  }
}
