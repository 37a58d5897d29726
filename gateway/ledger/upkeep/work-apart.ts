import { Worker } from "node:worker_threads";

/** A piece of work in a worker of its own. */
export type WorkApart<Result> = {
  /** Rejects with what the worker threw, or if it was ended before it was done. */
  readonly result: Promise<Result>;
  /** Ends the worker, wherever it is. */
  end(): Promise<void>;
};

/**
 * Runs a module as a worker that does one thing: it takes `workerData`, posts its result, and is
 * over. The worker does not keep the process alive.
 */
export function workApart<Result>(module: URL, workerData: object): WorkApart<Result> {
  const worker = new Worker(module, { workerData });
  worker.unref();
  const { promise, resolve, reject } = Promise.withResolvers<Result>();
  worker.on("message", resolve);
  worker.on("error", reject);
  worker.on("exit", () => reject(new Error("it was ended before it was done")));
  return {
    result: promise,
    end: async () => {
      await worker.terminate();
    },
  };
}
