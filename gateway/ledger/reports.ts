import { Worker } from "node:worker_threads";
import { GatewayError } from "../errors.ts";
import type { RequestsPage, RequestsQuery } from "./requests-page.ts";
import type { UsageQuery, UsageReport } from "./usage-report.ts";

export type ReportQuestion =
  | { readonly about: "usage"; readonly query: UsageQuery }
  | { readonly about: "requests"; readonly query: RequestsQuery };

/** A question on its way to the worker. */
export type NumberedQuestion = { readonly number: number; readonly question: ReportQuestion };

export type ReportAnswer = { readonly number: number } & (
  | { readonly found: UsageReport | RequestsPage }
  | { readonly fault: string; readonly isRefused: boolean }
);

/** What the accounts tell people, from a worker of its own. */
export type Reports = {
  /** Rejects with a GatewayError: 400 for a report that cannot be made, 503 if the ledger is stuck. */
  usage(query: UsageQuery): Promise<UsageReport>;
  /** A user's requests, the newest first. Rejects with a 503 if the ledger is stuck. */
  requests(query: RequestsQuery): Promise<RequestsPage>;
  /** Ends the worker. */
  close(): Promise<void>;
};

type Pending = { resolve(found: unknown): void; reject(error: GatewayError): void };

/** Questions that wait for the worker, at most. */
const mostPending = 100;

/**
 * Opens the reports of a ledger's file. The worker starts with the first question, never keeps the
 * process alive, and is replaced if it gives no answer in time.
 * @param timeoutMs how long a report may take
 */
export function createReports(file: string, timeoutMs: number = 20_000): Reports {
  const pending = new Map<number, Pending>();
  let worker: Worker | null = null;
  let last = 0;

  function start(): Worker {
    const started = new Worker(new URL("./report-worker.ts", import.meta.url), {
      workerData: file,
    });
    started.on("message", (answer: ReportAnswer) => settle(answer));
    started.on("error", () => give(started));
    started.on("exit", () => give(started));
    started.unref();
    return started;
  }

  function settle(answer: ReportAnswer): void {
    const asked = pending.get(answer.number);
    pending.delete(answer.number);
    if ("found" in answer) asked?.resolve(answer.found);
    else asked?.reject(answer.isRefused ? refused(answer.fault) : unavailable(answer.fault));
  }

  /** A worker that is gone answers nothing more. */
  function give(gone: Worker): void {
    if (worker !== gone) return;
    worker = null;
    for (const { reject } of pending.values()) reject(unavailable("the reader has ended"));
    pending.clear();
  }

  async function ask<T>(question: ReportQuestion): Promise<T> {
    if (pending.size >= mostPending) throw unavailable("too many reports are being made");
    worker ??= start();
    const used = worker;
    const number = ++last;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    pending.set(number, { resolve, reject });
    const timer = setTimeout(() => {
      give(used);
      void used.terminate();
    }, timeoutMs);
    used.postMessage({ number, question } satisfies NumberedQuestion);
    try {
      return (await promise) as T;
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    usage: (query) => ask({ about: "usage", query }),
    requests: (query) => ask({ about: "requests", query }),
    async close() {
      const used = worker;
      if (used === null) return;
      give(used);
      await used.terminate();
    },
  };
}

const refused = (text: string): GatewayError => new GatewayError("invalid_request", text);

function unavailable(reason: string): GatewayError {
  const text = "The ledger is busy. Try again in a few seconds.";
  return new GatewayError("ledger_busy", text, {
    headers: { "retry-after": "5" },
    cause: new Error(reason),
  });
}
