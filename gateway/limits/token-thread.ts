import { Worker } from "node:worker_threads";
import type { TokenTask, TokenTold } from "./token-worker.ts";

/** Counts tokens in a thread, because vocabularies are large and merging is slow. */
export type TokenThread = {
  /** Null if there is no room. Resolves with null if the count did not come in time. */
  count(task: Omit<TokenTask, "id" | "until">): Promise<number | null> | null;
  close(): Promise<void>;
};

export type TokenThreadOptions = {
  timeoutMs: number;
  /** After this time without work the thread ends and gives its memory back. */
  idleMs?: number;
  /** Called with what is wrong. The text never holds a prompt. */
  onTrouble?: (message: string) => void;
};

/** The most waiting prompts. More are not counted. */
const mostWaiting = 64;
/** The pause before a failed thread is started again. Milliseconds. */
const restMs = 60_000;
const mostMegabytes = 384;

/**
 * The thread starts with the first prompt and never keeps the process alive. Prompts are not
 * counted while it starts, because that takes longer than a request waits.
 */
export function createTokenThread(options: TokenThreadOptions): TokenThread {
  const { timeoutMs, idleMs = 600_000, onTrouble } = options;
  const waiting = new Map<number, (tokens: number | null) => void>();
  let worker: Worker | null = null;
  let restsUntil = 0;
  let last = 0;
  let idle: NodeJS.Timeout | undefined;

  function start(): Worker {
    const started = new Worker(new URL("./token-worker.ts", import.meta.url), {
      resourceLimits: { maxOldGenerationSizeMb: mostMegabytes },
    });
    started.on("message", ({ id, tokens }: TokenTold) => waiting.get(id)?.(tokens));
    started.on("error", (error) => {
      restsUntil = performance.now() + restMs;
      const name = error instanceof Error ? error.name : "unknown";
      onTrouble?.(`the thread that counts tokens failed: ${name}`);
    });
    started.on("exit", () => {
      if (worker === started) worker = null;
      for (const settle of [...waiting.values()]) settle(null);
    });
    started.unref();
    return started;
  }

  function close(): Promise<void> {
    clearTimeout(idle);
    const ending = worker?.terminate();
    worker = null;
    return Promise.resolve(ending).then(() => {});
  }

  return {
    count({ body, ...rest }) {
      if (waiting.size >= mostWaiting || performance.now() < restsUntil) return null;
      worker ??= start();
      const thread = worker;
      clearTimeout(idle);
      idle = setTimeout(() => void close(), idleMs).unref();
      const id = ++last;
      return new Promise((resolve) => {
        const settle = (tokens: number | null): void => {
          clearTimeout(timer);
          waiting.delete(id);
          resolve(tokens);
        };
        const timer = setTimeout(settle, timeoutMs, null);
        waiting.set(id, settle);
        // A copy is transferred: a view would transfer its whole buffer.
        const own = new Uint8Array(body);
        const task = { ...rest, id, body: own, until: Date.now() + timeoutMs };
        thread.postMessage(task satisfies TokenTask, [own.buffer]);
      });
    },
    close,
  };
}
