import { Worker } from "node:worker_threads";
import { GatewayError } from "../errors.ts";
import type { RequestsPage, RequestsQuery } from "./requests-page.ts";
import type { ChangesPage, ChangesQuery } from "./upkeep/changes.ts";
import type { UsageQuery, UsageSummary } from "./usage-report.ts";

export type ReportQuestion =
  | { readonly about: "usage"; readonly query: UsageQuery }
  | { readonly about: "requests"; readonly query: RequestsQuery }
  | { readonly about: "changes"; readonly query: ChangesQuery };

/** A question on its way to the worker. */
export type NumberedQuestion = { readonly number: number; readonly question: ReportQuestion };

export type ReportAnswer = { readonly number: number } & (
  | { readonly found: UsageSummary | RequestsPage | ChangesPage }
  | { readonly fault: string; readonly isRefused: boolean }
);

/** What the accounts tell people, from a worker of its own. */
export type Reports = {
  /** Rejects with a GatewayError: 400 for a report that cannot be made, 503 if the ledger is stuck. */
  usage(query: UsageQuery): Promise<UsageSummary>;
  /** A user's requests, the newest first. Rejects with a 503 if the ledger is stuck. */
  requests(query: RequestsQuery): Promise<RequestsPage>;
  /** What administrators changed, the newest first. Rejects with a 503 if the ledger is stuck. */
  changes(query: ChangesQuery): Promise<ChangesPage>;
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
  const reader = new Reader(file, timeoutMs);
  return {
    usage: (query) => reader.ask({ about: "usage", query }),
    requests: (query) => reader.ask({ about: "requests", query }),
    changes: (query) => reader.ask({ about: "changes", query }),
    close: () => reader.close(),
  };
}

class Reader {
  readonly #file: string;
  readonly #timeoutMs: number;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | null = null;
  #last = 0;

  constructor(file: string, timeoutMs: number) {
    this.#file = file;
    this.#timeoutMs = timeoutMs;
  }

  /** The answer has the type that belongs to the question. */
  async ask<T>(question: ReportQuestion): Promise<T> {
    if (this.#pending.size >= mostPending) throw unavailable("too many reports are being made");
    this.#worker ??= this.#start();
    const used = this.#worker;
    const number = ++this.#last;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#pending.set(number, { resolve, reject });
    const timer = setTimeout(() => {
      this.#give(used);
      void used.terminate();
    }, this.#timeoutMs);
    used.postMessage({ number, question } satisfies NumberedQuestion);
    try {
      return (await promise) as T;
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    const used = this.#worker;
    if (used === null) return;
    this.#give(used);
    await used.terminate();
  }

  #start(): Worker {
    const started = new Worker(new URL("./report-worker.ts", import.meta.url), {
      workerData: this.#file,
    });
    started.on("message", (answer: ReportAnswer) => this.#settle(answer));
    started.on("error", () => this.#give(started));
    started.on("exit", () => this.#give(started));
    started.unref();
    return started;
  }

  #settle(answer: ReportAnswer): void {
    const asked = this.#pending.get(answer.number);
    this.#pending.delete(answer.number);
    if ("found" in answer) asked?.resolve(answer.found);
    else asked?.reject(answer.isRefused ? refused(answer.fault) : unavailable(answer.fault));
  }

  /** A worker that is gone answers nothing more. */
  #give(gone: Worker): void {
    if (this.#worker !== gone) return;
    this.#worker = null;
    for (const { reject } of this.#pending.values()) reject(unavailable("the reader has ended"));
    this.#pending.clear();
  }
}

const refused = (text: string): GatewayError => new GatewayError("invalid_request", text);

function unavailable(reason: string): GatewayError {
  const text = "The ledger is busy. Try again in a few seconds.";
  return new GatewayError("ledger_busy", text, {
    headers: { "retry-after": "5" },
    cause: new Error(reason),
  });
}
