import PQueue from "p-queue";
import type { Capacity } from "./gate/capacity.ts";
import type { Run } from "./order/line-entry.ts";
import type { StartOptions, StartOrder } from "./start-order.ts";

/**
 * The slots of a line. p-queue gives them, in the order of `order`, to requests that wait. Those that
 * find a free slot, and adopted ones, run beside p-queue: it may run as many fewer. In a pool the seats
 * count instead.
 */
export class LineSlots {
  readonly #queue: PQueue<StartOrder, StartOptions>;
  readonly #capacity: Capacity;
  #taken = 0;
  #isOpen: boolean;

  constructor(order: new () => StartOrder, capacity: Capacity) {
    this.#capacity = capacity;
    this.#isOpen = capacity.total > 0;
    this.#queue = new PQueue({ queueClass: order, autoStart: false });
    this.askAgain();
  }

  /** Runs `hold` in a slot when it is next. The promise rejects if the signal aborts before. */
  add(hold: Run, options: StartOptions): Promise<unknown> {
    return this.#queue.add(hold, options);
  }

  /** Whether the next request finds a slot. */
  get isFree(): boolean {
    const { pending, concurrency, isPaused } = this.#queue;
    return !isPaused && pending < concurrency;
  }

  /**
   * Takes a slot at once, even above the capacity. Returns what gives the slot back: the next request
   * starts a microtask later, as it does behind p-queue, because more may end or leave in the same step.
   */
  take(): () => void {
    this.#taken++;
    this.askAgain();
    return () => {
      this.#taken--;
      queueMicrotask(this.askAgain);
    };
  }

  /** While the slots are not open, nothing starts. */
  open(isOpen: boolean): void {
    this.#isOpen = isOpen;
    this.askAgain();
  }

  /** p-queue asks once at each join and end. A changed rule may let several start. */
  readonly askAgain = (): void => {
    const room = this.#capacity.concurrency - this.#taken;
    // p-queue takes no concurrency of 0.
    if (!this.#isOpen || room <= 0) {
      this.#queue.pause();
      return;
    }
    // Before the start, which would use the room of before.
    this.#queue.concurrency = room;
    this.#queue.start();
  };
}
