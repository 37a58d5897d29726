import type { ServerResponse } from "node:http";
import type { Exchange } from "../exchange.ts";
import type { Head } from "./head.ts";
import { setIdentityHeaders } from "./refuse.ts";

/**
 * The client's side of an answer: one head, whole pieces, one end. Times are monotonic
 * milliseconds.
 */
export class Outlet {
  readonly #response: ServerResponse;
  readonly #exchange: Exchange;
  #writtenAt: number;
  #stalledAt: number | null = null;
  #corked = false;

  constructor(response: ServerResponse, exchange: Exchange) {
    this.#response = response;
    this.#exchange = exchange;
    this.#writtenAt = performance.now();
  }

  /** The client has a status: nothing but the body can still be said. */
  get hasHead(): boolean {
    return this.#response.headersSent;
  }

  get isGone(): boolean {
    return this.#response.destroyed;
  }

  /** Since the last byte. */
  silence(now: number): number {
    return now - this.#writtenAt;
  }

  /** How long the client has taken nothing; 0 where it does. */
  stall(now: number): number {
    return this.#stalledAt === null ? 0 : now - this.#stalledAt;
  }

  /** Once; `firstPlace` is told to whoever has one, 0 being for those who never waited. */
  head({ status, headers }: Head, firstPlace: number): void {
    const response = this.#response;
    if (response.headersSent) return;
    setIdentityHeaders(response, this.#exchange);
    response.setHeader("x-queue-position", firstPlace);
    for (const name in headers) response.setHeader(name, headers[name] ?? "");
    response.writeHead(status);
  }

  /** What is written in one turn leaves as one chunk. False where the client is slow. */
  write(bytes: Buffer): boolean {
    this.#writtenAt = performance.now();
    if (!this.#corked) {
      this.#corked = true;
      this.#response.cork();
      process.nextTick(() => this.#uncork());
    }
    return this.#response.write(bytes);
  }

  whenDrained(resume: () => void): void {
    this.#stalledAt = performance.now();
    this.#response.once("drain", () => {
      this.#stalledAt = null;
      resume();
    });
  }

  /**
   * The last bytes. Who does not take them is stalled from now on; `closed` is told when it is
   * over.
   */
  end(last: Buffer | string | null, closed: () => void): void {
    const response = this.#response;
    this.#stalledAt ??= performance.now();
    if (response.destroyed) closed();
    else response.once("close", closed);
    if (last === null) response.end();
    // As text the head and a short body leave in one piece; latin1 keeps every byte.
    else if (Buffer.isBuffer(last)) response.end(last.toString("latin1"), "latin1");
    else response.end(last);
    this.#uncork();
  }

  /** Broken off: a client cannot take that for an end. */
  destroy(): void {
    this.#response.destroy();
  }

  #uncork(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#response.uncork();
  }
}
