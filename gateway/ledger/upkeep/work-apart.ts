import { Worker } from "node:worker_threads";

/** A piece of work in a worker of its own. */
export type WorkApart<Result> = {
  /**
   * Resolves when the worker is over, and has closed what it opened. Rejects with what it threw, or
   * if it was ended before it was done.
   */
  readonly result: Promise<Result>;
  /** Ends the worker, wherever it is. */
  end(): Promise<void>;
};

/**
 * Runs a module as a worker that does one thing: it takes `workerData`, posts its result, and is
 * over. It keeps the process alive: a stop waits for it, or ends it, and would else be cut short.
 */
export function workApart<Result>(module: URL, workerData: object): WorkApart<Result> {
  const worker = new Worker(module, { workerData });
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  const posted: Result[] = [];
  worker.on("message", (result: Result) => posted.push(result));
  worker.on("error", reject);
  worker.on("exit", () => {
    const [result] = posted;
    if (result === undefined) reject(new Error("it was ended before it was done"));
    else resolve(result);
  });
  return {
    result: promise,
    end: async () => {
      await worker.terminate();
    },
  };
}
