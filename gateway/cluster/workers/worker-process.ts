import cluster, { type Worker } from "node:cluster";
import { fileURLToPath } from "node:url";
import { createLink, type Link, readBatch } from "../link.ts";
import type { Begin, FromWorker, ToWorker, WorkerNotice, WorkerOrder } from "../messages.ts";

/** One worker, as the keeper's process sees it. */
export type WorkerProcess = {
  readonly pid: number;
  readonly link: Link<ToWorker>;
  /** Resolves when it serves. Rejects with a one-line Error if it cannot start. */
  readonly serving: Promise<void>;
  /** Resolves when the process has ended, with how. */
  readonly ended: Promise<string>;
  /** Takes no new connections, and ends the open ones after `graceMs`; then the process ends. */
  stop(graceMs: number): Promise<void>;
};

/** After the grace of a stop a worker has this long to end by itself. Milliseconds. */
const endsWithinMs = 2_000;

/**
 * Compiled code, as `npm start` keeps it. Named before Node starts: then it is used for the first file
 * too, and a start takes half the time.
 */
const compileCache =
  process.env.NODE_COMPILE_CACHE ??
  fileURLToPath(new URL("../../../node_modules/.cache/llm-gateway", import.meta.url));

/**
 * Starts one.
 * @param entry - the program of a worker
 * @param said - gets its messages in their order
 */
export function startWorker(
  entry: string,
  begin: Begin,
  said: (message: FromWorker) => void,
): WorkerProcess {
  cluster.setupPrimary({
    exec: entry,
    args: [],
    // A text costs no more than its bytes in it; JSON would quote the text again.
    serialization: "advanced",
    stdio: ["ignore", "inherit", "inherit", "ipc"],
  });
  const worker = cluster.fork({ NODE_COMPILE_CACHE: compileCache });
  const serving = Promise.withResolvers<void>();
  // Nobody may wait for it any more when it dies.
  serving.promise.catch(() => {});
  const ended = Promise.withResolvers<string>();
  worker.on("message", (message: string | WorkerNotice) => {
    if (typeof message === "string") readBatch(message, said);
    else if ("loaded" in message) order(worker, { begin });
    else if ("failed" in message) serving.reject(new Error(message.failed));
    else serving.resolve();
  });
  // A message to a process that dies; `exit` follows.
  worker.on("error", () => {});
  worker.once("exit", (code: number | null, signal: string | null) => {
    const how = signal ?? `exit code ${code}`;
    serving.reject(new Error(`a worker process ended before it could serve (${how})`));
    ended.resolve(how);
  });
  return {
    pid: worker.process.pid ?? 0,
    link: createLink<ToWorker>({ write: (text) => send(worker, text) }),
    serving: serving.promise,
    ended: ended.promise,
    async stop(graceMs) {
      order(worker, { stopWithinMs: graceMs });
      const timer = setTimeout(() => worker.process.kill("SIGKILL"), graceMs + endsWithinMs);
      await ended.promise;
      clearTimeout(timer);
    },
  };
}

const order = (worker: Worker, what: WorkerOrder): void => send(worker, what);

/** A worker that is gone is told nothing: its `exit` says the rest. */
function send(worker: Worker, message: string | WorkerOrder): void {
  if (worker.isConnected()) worker.send(message, () => {});
}
