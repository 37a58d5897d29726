import type { Clock } from "../../../cluster/gateways/ports.ts";
import type { SimRandom } from "./sim-random.ts";
import type { SimScheduler } from "./sim-scheduler.ts";

type MachineState = "on" | "paused" | "suspended" | "off";

/** Something for a process that its machine holds back while it does not run. */
type Held = { readonly process: SimProcess; readonly isTimer: boolean; readonly act: () => void };

/** What a machine is told to do, and what went wrong in one of its processes. */
export type MachineNotes = (text: string) => void;

/**
 * A computer with a clock of its own, which goes up to 0.1 % wrong. It runs one process at a time:
 * `start` ends the one before.
 */
export class SimMachine {
  readonly name: string;
  readonly #scheduler: SimScheduler;
  readonly #random: SimRandom;
  readonly #note: MachineNotes;
  readonly #rate: number;
  readonly #offset: number;
  #state: MachineState = "on";
  /** Since when it is not on, and how long it was suspended before. True time. */
  #since = 0;
  #asleep = 0;
  #held: Held[] = [];
  #process: SimProcess | null = null;
  #starts = 0;
  /** Its operating system closes its connections. They are told before its process is gone. */
  readonly killed: Set<(process: SimProcess, how: "killed" | "without power") => void> = new Set();

  constructor(
    name: string,
    parts: { scheduler: SimScheduler; random: SimRandom; note: MachineNotes },
  ) {
    this.name = name;
    this.#scheduler = parts.scheduler;
    this.#random = parts.random;
    this.#note = parts.note;
    this.#rate = 1 + parts.random.between(-0.001, 0.001);
    this.#offset = parts.random.between(1_000, 1_000_000);
  }

  get state(): MachineState {
    return this.#state;
  }

  get process(): SimProcess | null {
    return this.#process;
  }

  /** Monotonic: stands still while the machine is suspended. */
  monotonic(): number {
    const until = this.#state === "suspended" ? this.#since : this.#scheduler.now;
    return this.#offset + this.#rate * (until - this.#asleep);
  }

  /** Since it was switched on, with its sleep; in hundredths of a second, as Linux tells it. */
  boot(): number {
    return Math.floor((this.#offset + this.#rate * this.#scheduler.now) / 10) * 10;
  }

  /** True milliseconds that one of its own takes. */
  trueMs(ms: number): number {
    return ms / this.#rate;
  }

  start(): SimProcess {
    this.kill();
    this.#state = "on";
    this.#starts += 1;
    const process = new SimProcess(this, `${this.name}${"'".repeat(this.#starts - 1)}`);
    this.#process = process;
    this.#note(`${process.name} starts`);
    return process;
  }

  /** kill -9: the process is gone, and its connections end. */
  kill(): void {
    this.#end("killed");
  }

  /** Nothing of it is heard any more, and nothing says so. */
  cutPower(): void {
    this.#end("without power");
    this.#state = "off";
    this.#since = this.#scheduler.now;
  }

  /** SIGSTOP: the clock goes on. */
  pause(): void {
    this.#halt("paused");
  }

  /** Sleep: the monotonic clock stands still. */
  suspend(): void {
    this.#halt("suspended");
  }

  resume(): void {
    if (this.#state !== "paused" && this.#state !== "suspended") return;
    if (this.#state === "suspended") this.#asleep += this.#scheduler.now - this.#since;
    this.#state = "on";
    this.#note(`${this.name} goes on`);
    // A loop that was stopped may see its timers first, or what came over the network.
    const held = this.#held;
    this.#held = [];
    const first = this.#random.whole(0, 2);
    if (first > 0)
      held.sort(
        (a, b) => Number(b.isTimer === (first === 1)) - Number(a.isTimer === (first === 1)),
      );
    for (const { process, isTimer, act } of held) {
      this.#scheduler.after(0, () => this.run(process, isTimer, act));
    }
  }

  /** Runs it in a process, as soon as that process runs. Never, if the process is gone. */
  run(process: SimProcess, isTimer: boolean, act: () => void): void {
    if (process !== this.#process) return;
    if (this.#state !== "on") {
      this.#held.push({ process, isTimer, act });
      return;
    }
    try {
      act();
    } catch (cause) {
      this.#note(`FAULT ${process.name} threw ${cause instanceof Error ? cause.stack : cause}`);
    }
  }

  /** Runs it after so many milliseconds of the machine's monotonic clock. */
  later(process: SimProcess, ms: number, act: () => void): () => void {
    const due = this.monotonic() + Math.max(0, ms);
    let cancel = (): void => {};
    let isOver = false;
    const wait = (lateMs: number): void => {
      cancel = this.#scheduler.after(this.trueMs(due - this.monotonic()) + lateMs, () => {
        this.run(process, true, () => {
          if (isOver) return;
          // It slept meanwhile.
          if (this.monotonic() < due - 0.001) wait(0);
          else act();
        });
      });
    };
    // A busy loop is late.
    wait(this.#random.chance(0.1) ? this.#random.exponential(5) : 0.1);
    return () => {
      isOver = true;
      cancel();
    };
  }

  #halt(state: "paused" | "suspended"): void {
    if (this.#state !== "on") return;
    this.#state = state;
    this.#since = this.#scheduler.now;
    this.#note(`${this.name} is ${state}`);
  }

  #end(how: "killed" | "without power"): void {
    if (this.#process === null) return;
    if (this.#state === "suspended") this.#asleep += this.#scheduler.now - this.#since;
    this.#state = "on";
    this.#held = [];
    const process = this.#process;
    this.#note(`${process.name} is ${how}`);
    for (const told of this.killed) told(process, how);
    this.#process = null;
  }
}

/** One process, from its start to its end. It has the clock of its machine. */
export class SimProcess implements Clock {
  readonly machine: SimMachine;
  readonly name: string;

  constructor(machine: SimMachine, name: string) {
    this.machine = machine;
    this.name = name;
  }

  get isAlive(): boolean {
    return this.machine.process === this;
  }

  /** Something came over the network. */
  arrives(act: () => void): void {
    this.machine.run(this, false, act);
  }

  now(): number {
    return this.machine.monotonic();
  }

  boot(): number {
    return this.machine.boot();
  }

  later(ms: number, act: () => void): () => void {
    return this.machine.later(this, ms, act);
  }
}
