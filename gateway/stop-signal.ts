/** What an exchange needs of an AbortSignal, which is one too. */
export type StopSignal = Pick<AbortSignal, "aborted" | "reason" | "throwIfAborted"> & {
  /** Each listener is called at most once. */
  addEventListener(type: "abort", listener: () => void, options?: { once: true }): void;
  removeEventListener(type: "abort", listener: () => void): void;
};

/** Ends what listens to its signal. */
export type StopControl = {
  readonly signal: StopSignal;
  /** Only the first call counts. */
  abort(reason: unknown): void;
};

type Listener = () => void;

/**
 * What an AbortController does for an exchange, for a quarter of its memory and a tenth of its time:
 * every request has one, with a listener at a time, and hardly any is aborted.
 */
export class ExchangeStop implements StopControl, StopSignal {
  aborted = false;
  reason: unknown;
  #first: Listener | null = null;
  #others: Listener[] | null = null;

  get signal(): StopSignal {
    return this;
  }

  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    // A listener may take others away.
    for (let next = this.#shift(); next !== null; next = this.#shift()) call(next);
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  addEventListener(_type: "abort", listener: Listener): void {
    if (this.aborted || this.#first === listener || this.#others?.includes(listener)) return;
    if (this.#first === null) this.#first = listener;
    else if (this.#others === null) this.#others = [listener];
    else this.#others.push(listener);
  }

  removeEventListener(_type: "abort", listener: Listener): void {
    if (this.#first === listener) this.#shift();
    else this.#others = this.#others?.filter((one) => one !== listener) ?? null;
  }

  #shift(): Listener | null {
    const first = this.#first;
    this.#first = this.#others?.shift() ?? null;
    return first;
  }
}

/** A listener that throws keeps nothing from the others: it ends the process, as in Node's own. */
function call(listener: Listener): void {
  try {
    listener();
  } catch (error) {
    process.nextTick(() => {
      throw error;
    });
  }
}
