import type { OutgoingHttpHeader, ServerResponse } from "node:http";
import type { Head } from "../dialects/framing.ts";
import type { Exchange } from "../exchange.ts";
import { identityHeaders } from "./identity-headers.ts";
import { ReadingRate } from "./reading-rate.ts";
import type { Bytes } from "./shaper.ts";

/**
 * The client's side of an answer: one head, whole pieces, one end. Times are monotonic
 * milliseconds.
 */
export class Outlet {
  readonly #response: ServerResponse;
  readonly #exchange: Exchange;
  #writtenAt: number;
  #stalledAt: number | null = null;
  readonly #reading: ReadingRate = new ReadingRate();
  /** Written in this turn, as latin1 text. */
  #text = "";
  readonly #mayFrame: boolean;
  /** The chunks are framed here. */
  #frames = false;
  /** The end follows as soon as its row is committed. */
  #endIsNear = false;

  /** @param mayFrame false if something reads what is written: then Node frames it */
  constructor(response: ServerResponse, exchange: Exchange, mayFrame: boolean) {
    this.#response = response;
    this.#exchange = exchange;
    this.#mayFrame = mayFrame;
    this.#writtenAt = performance.now();
  }

  /** The client has a status. Only the body can follow. */
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

  /** How long the client has read nothing; 0 if it reads. Called every few seconds. */
  stall(now: number): number {
    // Queue events do not wait for the client, so only this notices a client that reads none.
    if (this.#stalledAt === null && this.#response.writableNeedDrain) this.whenDrained(() => {});
    return this.#stalledAt === null ? 0 : now - this.#stalledAt;
  }

  /** The client reads, but less than a least rate, and has done so for a minute. */
  isTooSlow(now: number): boolean {
    return this.#reading.isTooSlow(this.#response.socket, now);
  }

  /** Writes the head, once. `firstPlace` is 0 for a client that did not wait. */
  head({ status, headers }: Head, firstPlace: number): void {
    const response = this.#response;
    if (response.headersSent) return;
    const raw: OutgoingHttpHeader[] = identityHeaders(this.#exchange);
    raw.push("x-queue-position", String(firstPlace));
    for (const name in headers) raw.push(name, headers[name] ?? "");
    response.writeHead(status, raw);
    if (firstPlace > 0) joinHead(response);
    if (!this.#mayFrame || !response.chunkedEncoding) return;
    // Node would write a chunk in four pieces; framed here it is one (0.5 µs of 6).
    response.chunkedEncoding = false;
    this.#frames = true;
  }

  /** What is written in one turn leaves as one chunk. False if the client is slow. */
  write(bytes: Bytes): boolean {
    if (this.#text === "") {
      this.#writtenAt = performance.now();
      process.nextTick(flush, this);
    }
    this.#text += latin1Of(bytes);
    return !this.#response.writableNeedDrain;
  }

  /**
   * The upstream has said its last word. What was written in this turn then waits for the end, which
   * follows in the same turn if the row is on disk by then: they leave in one piece. Otherwise it
   * leaves in the next turn.
   */
  expectEnd(): void {
    this.#endIsNear = true;
  }

  whenDrained(resume: () => void): void {
    this.#stalledAt = performance.now();
    this.#response.once("drain", () => {
      this.#stalledAt = null;
      resume();
    });
  }

  /**
   * Writes the last bytes. A client that does not read them is stalled from now on. Calls `closed`
   * when the response has closed.
   */
  end(last: Bytes | null, closed: () => void): void {
    const response = this.#response;
    this.#stalledAt ??= performance.now();
    if (response.destroyed) closed();
    else response.on("close", closed);
    const text = last === null ? this.#text : this.#text + latin1Of(last);
    this.#text = "";
    const framed = this.#frames ? `${chunkOf(text)}${lastChunk}` : text;
    if (framed === "") response.end();
    // As text the head and a short body leave in one piece.
    else response.end(framed, "latin1");
  }

  /** Cuts the connection behind what was written, which a client cannot take for an end. */
  destroy(): void {
    this.writeOut();
    this.#response.destroy();
  }

  /** Writes what has come together in this turn, or holds it for an end that is near. */
  flush(): void {
    // The commit of this turn is an immediate too: one behind the first is surely behind it.
    if (this.#endIsNear) setImmediate(setImmediate, writeOut, this);
    else this.writeOut();
    this.#endIsNear = false;
  }

  writeOut(): void {
    const response = this.#response;
    const { socket } = response;
    const text = this.#text;
    this.#text = "";
    if (text === "" || response.destroyed) return;
    // A corked socket spares Node a tick to cork it for one write.
    socket?.cork();
    response.write(this.#frames ? chunkOf(text) : text, "latin1");
    socket?.uncork();
  }
}

const flush = (outlet: Outlet): void => outlet.flush();
const writeOut = (outlet: Outlet): void => outlet.writeOut();

/**
 * Node keeps the head of a response until its end, in some forty pieces. To look at it joins them: 1 kB
 * less for each client that waits.
 */
function joinHead(response: ServerResponse): void {
  const head: unknown = Reflect.get(response, "_header");
  if (typeof head === "string") head.charCodeAt(0);
}

/** The end of a body in chunks (RFC 9112 §7.1). */
const lastChunk = "0\r\n\r\n";

/** One chunk (RFC 9112 §7.1); nothing of nothing, which would end the body. */
const chunkOf = (text: string): string =>
  text === "" ? "" : `${text.length.toString(16)}\r\n${text}\r\n`;

const latin1Of = (bytes: Bytes): string =>
  typeof bytes === "string" ? bytes : bytes.toString("latin1");
