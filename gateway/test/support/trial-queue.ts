import { FairQueue, type FairRules } from "../../line/order/fair-queue.ts";
import { createEntry, type LineEntry, type LineRequest } from "../../line/order/line-entry.ts";

/** A fair queue with a clock, and short names for its steps. */
export type TrialQueue = {
  readonly queue: FairQueue;
  now: number;
  add(id: string, user: string, more?: Partial<LineRequest>): LineEntry;
  /** Starts the next request and returns its id; "" if there is none. */
  start(estimateMs?: number): string;
  /** The running requests as `"id@upstream"`, in the order of their starts. */
  where(): string[];
  end(id: string): void;
  /** Starts and ends requests one at a time until none waits. Returns the order of starts. */
  drain(eachMs?: number): string[];
};

export function createTrialQueue(rules: FairRules = {}): TrialQueue {
  const queue = new FairQueue(rules);
  const trial: TrialQueue = {
    queue,
    now: 0,
    add(id: string, user: string, more: Partial<LineRequest> = {}): LineEntry {
      const entry = createEntry({ id, user, model: "m", ...more }, 1000);
      queue.add(entry, trial.now);
      return entry;
    },
    start(estimateMs = 1000): string {
      queue.reconsider();
      const entry = queue.next(trial.now);
      if (entry === null) return "";
      queue.start(entry, trial.now, estimateMs);
      return entry.request.id;
    },
    where: (): string[] =>
      Array.from(queue.running.values(), ({ request, upstream }) => `${request.id}@${upstream}`),
    end: (id: string): void => queue.end(id, trial.now),
    drain(eachMs = 1000): string[] {
      const order: string[] = [];
      for (let id = trial.start(eachMs); id !== ""; id = trial.start(eachMs)) {
        order.push(id);
        trial.now += eachMs;
        trial.end(id);
      }
      return order;
    },
  };
  return trial;
}
