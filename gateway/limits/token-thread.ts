import { Worker } from "node:worker_threads";
import type { TokenTask, TokenTold } from "./token-worker.ts";

/** Counts tokens beside the event loop, since vocabularies are large and merging is slow. */
export type TokenThread = {
  /** Null where there is no room; resolves with null where it could not be told in time. */
  count(task: Pick<TokenTask, "body" | "isChat" | "encoding">): Promise<number | null> | null;
  close(): Promise<void>;
};

export type TokenThreadOptions = {
  timeoutMs: number;
  /** Without work for so long, the thread ends and gives its memory back. */
  idleMs?: number;
  /** Told what is wrong, in words without a prompt. */
  onTrouble?: (message: string) => void;
};

/** Whoever comes when so many wait has to do without. */
const mostWaiting = 64;
/** Until a thread that failed is started again. */
const restMs = 60_000;
const mostMegabytes = 384;

/**
 * A thread that starts with the first prompt and never keeps the process alive. While it starts,
 * which takes longer than anyone waits, prompts are not counted.
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
    count({ body, isChat, encoding }) {
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
        // A copy that is given away: a view would take all that lies around it along.
        const own = new Uint8Array(body);
        const task = { id, body: own, isChat, encoding, until: Date.now() + timeoutMs };
        thread.postMessage(task satisfies TokenTask, [own.buffer]);
      });
    },
    close,
  };
}
