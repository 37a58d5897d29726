import { setImmediate } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { GatewayError } from "../../errors.ts";
import type { StopSignal } from "../../stop-signal.ts";
import { type BodyTasks, bodyTasks, type TaskTable } from "./body-tasks.ts";
import type { BodyDone, BodyJob } from "./body-worker.ts";

type Name = keyof TaskTable;

/** Works on bodies: on small ones at once, on large ones in a thread, so that the loop goes on. */
export type BodyWork = {
  /** True for a body whose tasks run in the thread. */
  isLarge(bytes: Buffer): boolean;
  /**
   * Throws or rejects with the task's GatewayError, with `signal.reason`, or with 400 if it costs too
   * much. A promise only for a large body, or a task that has one.
   */
  run<Task extends Name>(
    name: Task,
    bytes: Buffer,
    input: TaskTable[Task]["input"],
    signal: StopSignal,
  ): TaskTable[Task]["result"] | Promise<TaskTable[Task]["result"]>;
  close(): Promise<void>;
};

export type BodyWorkOptions = {
  /** A larger body goes to the thread. Bytes. */
  largest?: number;
  /** The longest time for one task. Milliseconds. */
  timeoutMs?: number;
  /** After this time without work the thread ends and gives its memory back. Milliseconds. */
  idleMs?: number;
};

/** With this the largest body of the worst shape is parsed and converted. */
const mostMegabytes = 384;

/** A copy of so much takes a few milliseconds, most of them for fresh memory. Bytes. */
const sliceBytes = 4 * 1024 * 1024;

/** What waits for the thread, or is in it. */
type Waiting = {
  readonly job: Omit<BodyJob, "body">;
  readonly bytes: Buffer;
  readonly signal: StopSignal;
  readonly settle: (done: Omit<BodyDone, "id">) => void;
};

/** The thread starts with the first large body, and has one task at a time. */
export function createBodyWork(options: BodyWorkOptions = {}): BodyWork {
  const { largest = 64 * 1024, timeoutMs = 20_000, idleMs = 5_000 } = options;
  const thread = new BodyThread(timeoutMs, idleMs);
  return {
    isLarge: ({ length }) => length > largest,
    run<Task extends Name>(
      name: Task,
      bytes: Buffer,
      input: TaskTable[Task]["input"],
      signal: StopSignal,
    ) {
      if (bytes.length > largest) {
        return thread.run(name, bytes, input, signal) as Promise<TaskTable[Task]["result"]>;
      }
      const task: BodyTasks[Task] = bodyTasks[name];
      return task(bytes, input);
    },
    close: () => thread.close(),
  };
}

class BodyThread {
  readonly #timeoutMs: number;
  readonly #idleMs: number;
  #worker: Worker | null = null;
  #line: Waiting[] = [];
  #current: Waiting | null = null;
  #timer: NodeJS.Timeout | undefined;
  #last = 0;

  constructor(timeoutMs: number, idleMs: number) {
    this.#timeoutMs = timeoutMs;
    this.#idleMs = idleMs;
  }

  run(name: Name, bytes: Buffer, input: unknown, signal: StopSignal): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const leave = (): void => {
        this.#line = this.#line.filter((one) => one !== waiting);
        reject(signal.reason);
      };
      const settle: Waiting["settle"] = ({ result, error, fault }) => {
        signal.removeEventListener("abort", leave);
        if (error !== undefined) reject(new GatewayError(error.code, error.message, error.options));
        else if (fault !== undefined) reject(new Error(`the thread for bodies failed: ${fault}`));
        else resolve(withBuffer(result));
      };
      const job = { id: ++this.#last, name, input };
      const waiting: Waiting = { job, bytes, signal, settle };
      signal.addEventListener("abort", leave, { once: true });
      this.#line.push(waiting);
      this.#next();
    });
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer);
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  #next(): void {
    if (this.#current !== null) return;
    const next = this.#line.shift();
    clearTimeout(this.#timer);
    if (next === undefined) {
      this.#timer = setTimeout(() => void this.close(), this.#idleMs).unref();
      return;
    }
    this.#current = next;
    this.#timer = setTimeout(() => this.#giveUp("takes too long to read"), this.#timeoutMs).unref();
    void this.#post(next);
  }

  /** Copies the body for the thread, a slice in each turn of the event loop. */
  async #post(next: Waiting): Promise<void> {
    const { bytes, job } = next;
    // Only now, so that what waits for the thread is there once.
    const body = new ArrayBuffer(bytes.length, { maxByteLength: bytes.length });
    const copy = new Uint8Array(body);
    for (let at = 0; at < copy.length; at += sliceBytes) {
      if (at > 0) await setImmediate();
      if (this.#current !== next) return;
      copy.set(bytes.subarray(at, at + sliceBytes), at);
    }
    this.#worker ??= this.#start();
    this.#worker.postMessage({ ...job, body } satisfies BodyJob, [body]);
  }

  #start(): Worker {
    const started = new Worker(new URL("./body-worker.ts", import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: mostMegabytes },
    });
    started.on("message", ({ id, ...done }: BodyDone) => {
      if (this.#current?.job.id === id) this.#end(done);
    });
    started.on("error", (error: NodeJS.ErrnoException) => {
      if (this.#worker !== started) return;
      if (error.code === "ERR_WORKER_OUT_OF_MEMORY") this.#giveUp("needs too much memory");
      else this.#end({ fault: error.name });
    });
    started.on("exit", () => {
      if (this.#worker !== started) return;
      this.#worker = null;
      if (this.#current !== null) this.#end({ fault: "it ended" });
    });
    started.unref();
    return started;
  }

  /** Ends the thread with its task, which nothing else can stop. */
  #giveUp(why: string): void {
    void this.close();
    const message = `The request body ${why}. Send less, or fewer and longer pieces.`;
    this.#end({ error: { code: "invalid_request", message, options: {} } });
  }

  #end(done: Omit<BodyDone, "id">): void {
    const ended = this.#current;
    this.#current = null;
    ended?.settle(done);
    this.#next();
  }
}

/** The thread sends a body as its memory alone. */
function withBuffer(result: unknown): unknown {
  if (typeof result !== "object" || result === null || !("body" in result)) return result;
  const { body } = result;
  return body instanceof ArrayBuffer ? { ...result, body: Buffer.from(body) } : result;
}

/** Gives the memory of a task's result back at once; others are left to the garbage collector. */
export function freeBytes(bytes: Buffer): void {
  const memory = bytes.buffer;
  if (memory instanceof ArrayBuffer && memory.resizable) memory.resize(0);
}
