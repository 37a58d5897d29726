import { Worker } from "node:worker_threads";

export type Checkpoints = {
  /** To be called after each commit with the number of its rows. */
  committed(rows: number): void;
  /** The last checkpoint, which leaves the log empty; then the worker ends. */
  close(): Promise<void>;
};

/** A database, and whether it has sums of quarter hours, of which old ones are removed. */
export type CheckpointedFile = { readonly file: string; readonly keepsSums: boolean };

/** Some 20 MB of log under load; rarer is cheaper, as pages written often are copied once. */
const everyRows = 4000;

/**
 * Starts a checkpoint in a worker after every so many rows. The worker starts with the first, so
 * that a gateway at rest has none, and never keeps the process alive.
 */
export function createCheckpoints(
  { file, keepsSums }: CheckpointedFile,
  onTrouble: (message: string) => void,
  every: number = everyRows,
): Checkpoints {
  let worker: Worker | null = null;
  let written = 0;
  let busy = false;

  function start(): Worker {
    const started = new Worker(new URL("./checkpoint-worker.ts", import.meta.url), {
      workerData: { file, keepsSums } satisfies CheckpointedFile,
    });
    started.on("message", (error: string | null) => {
      busy = false;
      if (error !== null) onTrouble(`a checkpoint of the ledger failed: ${error}`);
    });
    started.on("error", (error) => {
      onTrouble(`checkpoints of the ledger failed: ${String(error)}`);
    });
    started.on("exit", () => {
      busy = false;
      worker = null;
    });
    started.unref();
    return started;
  }

  return {
    committed(rows) {
      written += rows;
      if (written < every || busy) return;
      written = 0;
      busy = true;
      worker ??= start();
      worker.postMessage("RESTART");
    },
    async close() {
      // Without a worker the log is short, and SQLite empties it when the last connection closes.
      const last = worker;
      if (last === null) return;
      last.ref();
      const answered = new Promise<void>((resolve) => {
        let open = busy ? 2 : 1;
        last.on("message", () => --open === 0 && resolve());
        last.on("exit", () => resolve());
      });
      last.postMessage("TRUNCATE");
      await answered;
      await last.terminate();
    },
  };
}
