import type { BusyAt } from "../../../cluster/gateways/ports.ts";
import type { SimProcess } from "./sim-machine.ts";
import type { SimRandom } from "./sim-random.ts";
import type { SimScheduler } from "./sim-scheduler.ts";

/** A request that an upstream works on. */
export type UpstreamWork = {
  readonly id: string;
  readonly upstream: string;
  readonly process: SimProcess;
  readonly since: number;
};

/** A request as its sender has it. */
export type SentRequest = {
  /** Resolves when it has ended at the upstream and the sender knows it; false if it was aborted. */
  readonly ended: Promise<boolean>;
  /** Closes its connection. */
  abort(): void;
};

type UpstreamParts = {
  scheduler: SimScheduler;
  random: SimRandom;
  name: string;
  slots: number;
  /** It tells how many requests it works on. */
  isOpen: boolean;
  /** Called after each change. */
  changed(upstream: SimUpstream, what: string, id: string): void;
};

/** A server that works on requests, as many as it gets, and counts them. */
export class SimUpstream {
  readonly name: string;
  readonly slots: number;
  readonly works: Map<string, UpstreamWork> = new Map();
  readonly #parts: UpstreamParts;
  /** The requests on the way or at work, by process: what ends them. */
  readonly #aborts = new Map<SimProcess, Set<() => void>>();

  constructor(parts: UpstreamParts) {
    this.name = parts.name;
    this.slots = parts.slots;
    this.#parts = parts;
  }

  /** A request that takes so many milliseconds of work. */
  send(process: SimProcess, id: string, workMs: number): SentRequest {
    const { scheduler } = this.#parts;
    const { promise: ended, resolve } = Promise.withResolvers<boolean>();
    let state: "on the way" | "works" | "over" = "on the way";
    const over = (what: string): void => {
      if (state === "works") this.works.delete(id);
      const worked = state === "works";
      state = "over";
      stop();
      this.#aborts.get(process)?.delete(abort);
      if (worked) this.#parts.changed(this, what, id);
      scheduler.after(this.#travelMs(), () => process.arrives(() => resolve(what === "ended")));
    };
    let stop = scheduler.after(this.#travelMs(), () => {
      state = "works";
      this.works.set(id, { id, upstream: this.name, process, since: scheduler.now });
      stop = scheduler.after(workMs, () => over("ended"));
      this.#parts.changed(this, "began", id);
    });
    const abort = (): void => {
      // It comes behind the request.
      scheduler.after(this.#travelMs() + 5, () => {
        if (state !== "over") over("aborted");
      });
    };
    const aborts = this.#aborts.get(process) ?? new Set();
    this.#aborts.set(process, aborts.add(abort));
    return { ended, abort };
  }

  /** The process is gone: its operating system closes its connections, unless that is gone too. */
  lost(process: SimProcess, how: "killed" | "without power"): void {
    const aborts = this.#aborts.get(process) ?? new Set();
    this.#aborts.delete(process);
    if (how === "killed") for (const abort of aborts) abort();
  }

  /** What it tells a process that asks how busy it is. */
  busy(process: SimProcess): ReturnType<BusyAt> {
    const { scheduler, isOpen } = this.#parts;
    const { promise, resolve } = Promise.withResolvers<number | null>();
    scheduler.after(this.#travelMs(), () => {
      const busy = isOpen ? Math.min(this.works.size, this.slots) : null;
      scheduler.after(this.#travelMs(), () => process.arrives(() => resolve(busy)));
    });
    return promise;
  }

  #travelMs(): number {
    return this.#parts.random.between(0.2, 20);
  }
}
