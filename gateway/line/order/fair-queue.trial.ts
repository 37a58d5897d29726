import { type Ask, createEntry, type Entry } from "./entry.ts";
import { FairQueue, type FairRules } from "./fair-queue.ts";

/** A fair queue with a clock, and short names for its steps. For tests. */
export type Trial = {
  readonly queue: FairQueue;
  now: number;
  add(id: string, user: string, more?: Partial<Ask>): Entry;
  /** Starts whoever is next; "" for nobody. */
  start(estimateMs?: number): string;
  /** Where each that runs does, in the order of their starts: `"id@upstream"`. */
  where(): string[];
  end(id: string): void;
  /** Starts and ends until nobody waits, one at a time; the order of starts. */
  drain(eachMs?: number): string[];
};

export function createTrial(rules: FairRules = {}): Trial {
  const queue = new FairQueue(rules);
  const trial: Trial = {
    queue,
    now: 0,
    add(id: string, user: string, more: Partial<Ask> = {}): Entry {
      const entry = createEntry({ id, user, model: "m", ...more }, 1000);
      queue.add(entry, trial.now);
      return entry;
    },
    start(estimateMs = 1000): string {
      queue.reconsider();
      const entry = queue.next(trial.now);
      if (entry === null) return "";
      queue.start(entry, trial.now, estimateMs);
      return entry.ask.id;
    },
    where: (): string[] =>
      Array.from(queue.running.values(), ({ ask, upstream }) => `${ask.id}@${upstream}`),
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
