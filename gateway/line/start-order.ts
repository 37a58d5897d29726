import type { Queue, QueueAddOptions } from "p-queue";
import type { FairQueue } from "./order/fair-queue.ts";
import type { LineEntry, Run } from "./order/line-entry.ts";

export type StartOptions = QueueAddOptions & { readonly entry: LineEntry };
export type StartOrder = Queue<Run, StartOptions>;

/**
 * The fair queue as p-queue's `queueClass`. p-queue makes the instance itself. It runs what
 * `dequeue` returns while `size` is not 0. So `size` counts only requests that may start now, at
 * most one.
 */
export function startOrder(
  queue: FairQueue,
  now: () => number,
  chargeMs: (entry: LineEntry) => number,
  mayStart: () => boolean,
): new () => StartOrder {
  return class {
    get size(): number {
      // p-queue asks at each start and end, also of requests that it never sees.
      if (queue.waiting.size === 0) return 0;
      return queue.next(now()) === null || !mayStart() ? 0 : 1;
    }

    enqueue(run: Run, options?: Partial<StartOptions>): void {
      const entry = options?.entry;
      if (entry === undefined) throw new Error("Only an entry can wait in line.");
      entry.run = run;
      queue.add(entry, now());
    }

    dequeue(): Run | undefined {
      const entry = queue.next(now());
      if (entry === null) return undefined;
      const run = entry.run ?? undefined;
      entry.run = null;
      queue.start(entry, now(), chargeMs(entry));
      return run;
    }

    remove(id: string): void {
      queue.remove(id);
    }

    /** p-queue calls this only in `sizeBy`, which the line does not use. */
    filter(): Run[] {
      return [];
    }

    setPriority(): void {
      throw new Error("A priority is fixed when a request joins the line.");
    }
  };
}
