import type { IncomingHttpHeaders } from "node:http";
import type { Socket } from "node:net";
import type { Readable, Transform } from "node:stream";
import type { Dispatcher } from "undici";
import {
  maxRejectionBytes,
  rejectionHeaders,
  upstreamRejection,
} from "../dialects/upstream-rejection.ts";
import type { GatewayError } from "../errors.ts";
import type { StopSignal } from "../stop-signal.ts";
import { ClientAware, type Connections } from "./connection.ts";
import { withStatus } from "./failure.ts";
import type { Headers } from "./headers.ts";
import { inflatedHeaders, inflaterFor, notInflatable } from "./inflate.ts";
import { StaleConnection } from "./stale-connection.ts";
import { brokenSocket, upstreamTrouble } from "./trouble.ts";

/** What is sent to an upstream. */
export type Outbound = {
  method: string;
  /** Path and query, as the upstream knows it. */
  path: string;
  headers: Headers;
  body: Buffer | Readable | null;
  /** Milliseconds until the first byte of the answer, and between its bytes; 0 is off. */
  firstByteMs: number;
  idleMs: number;
  /** True where the upstream closes after each answer: a kept connection would be a dying one. */
  fresh: boolean;
  /**
   * Given where the upstream notices late that its client has left (llama.cpp, if it does not
   * stream). Then only our half of the connection is closed. The upstream is at work until its
   * answer has ended, or this resolves with true. If it resolves with false, nobody can say, and
   * the upstream is at work until it closes its half.
   */
  leftWorkEnded?: ((signal: AbortSignal) => Promise<boolean>) | undefined;
  /** Called when the request would be sent. If it throws, nothing is sent, and `forward` rejects. */
  check?: (() => void) | undefined;
};

/** Receives the answer. Only 2xx answers reach it. */
export type Receiver = {
  head(status: number, headers: IncomingHttpHeaders): void;
  /** False asks to pause until `whenDrained` calls back. */
  data(chunk: Buffer): boolean;
  whenDrained(resume: () => void): void;
  /** True once the answer has said its last word; some servers then keep the connection open. */
  isComplete?(): boolean;
};

/** How long a server may take to end an answer that is complete. Milliseconds. */
const endGraceMs = 1_000;

/** An upstream that shows no slots and does not notice in this time never will. Milliseconds. */
const latestNoticeMs = 60_000;

type Rejection = { status: number; headers: IncomingHttpHeaders; chunks: Buffer[]; size: number };

/** One request on its way: undici's handler, which ends the promise of `forward` exactly once. */
class Passage extends ClientAware implements Dispatcher.DispatchHandler {
  readonly #receiver: Receiver;
  readonly #signal: StopSignal;
  readonly #outbound: Pick<Outbound, "leftWorkEnded" | "check">;
  readonly #done: { resolve: () => void; reject: (error: unknown) => void };
  #controller: Dispatcher.DispatchController | null = null;
  #rejection: Rejection | null = null;
  #reused = false;
  #begun = false;
  #settled = false;
  #isComplete = false;
  /** Runs once the answer is complete, until its end. */
  #grace: NodeJS.Timeout | undefined;
  #endedByUs = false;
  /** Our half of the connection is closed. What still comes is for nobody. */
  #hasLeft = false;
  /** Pending while the upstream may be at work for a client that has left. */
  #leftWork: Promise<void> | null = null;
  /** Ends the waiting for it. */
  #leaving: AbortController | null = null;
  /** Null: the answer is not compressed. */
  #inflater: Transform | null = null;
  /** The upstream's last byte has come. */
  #ended = false;

  constructor(
    receiver: Receiver,
    signal: StopSignal,
    done: { resolve: () => void; reject: (error: unknown) => void },
    outbound: Pick<Outbound, "leftWorkEnded" | "check">,
  ) {
    super();
    this.#outbound = outbound;
    this.#receiver = receiver;
    this.#signal = signal;
    this.#done = done;
  }

  readonly leave = (): void => {
    // All has come, and what is left of it is being inflated.
    if (this.#ended) this.#inflater?.destroy();
    const { leftWorkEnded } = this.#outbound;
    // Still connecting: the upstream has seen nothing, and `onRequestStart` lets go of the socket.
    if (this.#ended || this.#controller === null) this.#finish(this.#signal.reason);
    else if (leftWorkEnded !== undefined && this.client?.socket?.writable) {
      this.#leaveBehind(this.client.socket, leftWorkEnded);
    } else this.#controller.abort(new Error("left"));
  };

  #leaveBehind(socket: Socket, leftWorkEnded: (signal: AbortSignal) => Promise<boolean>): void {
    this.#hasLeft = true;
    socket.end();
    clearTimeout(this.#grace);
    this.#leaving = new AbortController();
    this.#leftWork = leftWorkEnded(this.#leaving.signal)
      .catch(() => false)
      .then((isProven) => {
        if (this.#settled) return;
        if (isProven) socket.destroy();
        else this.#grace = setTimeout(() => socket.destroy(), latestNoticeMs).unref();
      });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    const client = this.client;
    if (client !== null) this.#reused = client.served++ > 0;
    client?.answers?.asked();
    // There is a connection now, and nothing was written to it.
    try {
      if (this.#signal.aborted) throw new Error("left");
      this.#outbound.check?.();
    } catch (error) {
      controller.abort(upstreamTrouble(error));
    }
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200 || this.#hasLeft) return;
    this.#begun = true;
    this.#inflater = inflaterFor(headers);
    const plain = this.#inflater === null ? headers : inflatedHeaders(headers);
    if (status >= 300) this.#rejection = { status, headers: plain, chunks: [], size: 0 };
    else this.#receiver.head(status, plain);
    if (this.#inflater !== null) this.#takeFrom(this.#inflater);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#hasLeft) return;
    const inflater = this.#inflater;
    if (inflater === null) {
      this.#take(chunk, controller);
      return;
    }
    if (inflater.write(chunk)) return;
    controller.pause();
    inflater.once("drain", () => controller.resume());
  }

  /** Inflated bytes come in turns of their own, in which a throw would end the process. */
  #takeFrom(inflater: Transform): void {
    inflater.on("data", (chunk: Buffer) => {
      try {
        this.#take(chunk, inflater);
      } catch (error) {
        this.#breakOff(error instanceof Error ? error : new Error(String(error)));
      }
    });
    inflater.once("error", (cause) => this.#breakOff(notInflatable(cause)));
    inflater.once("end", () => this.#finish(this.#rejected()));
  }

  #breakOff(error: Error): void {
    this.#inflater?.destroy();
    if (this.#ended) this.#finish(error);
    else this.#controller?.abort(error);
  }

  /** Takes plain bytes of the answer. */
  #take(chunk: Buffer, flow: { pause(): unknown; resume(): unknown }): void {
    const rejection = this.#rejection;
    if (rejection === null) {
      const goOn = this.#receiver.data(chunk);
      if (!this.#isComplete && this.#receiver.isComplete?.()) {
        this.#isComplete = true;
        // Nearly all end in the same read: a timer for each would cost more.
        process.nextTick(() => this.#endSoon());
      }
      if (goOn) return;
      flow.pause();
      this.#receiver.whenDrained(() => flow.resume());
      return;
    }
    rejection.size += chunk.length;
    if (rejection.size <= maxRejectionBytes) rejection.chunks.push(chunk);
    // The message is whole or it is not worth more: an error page may be endless.
    else this.#controller?.abort(new Error("rejection too long"));
  }

  #endSoon(): void {
    if (this.#ended || this.#settled || this.#hasLeft) return;
    this.#grace = setTimeout(() => {
      this.#endedByUs = true;
      this.#controller?.abort(new Error("complete"));
    }, endGraceMs);
  }

  onResponseEnd(): void {
    this.#ended = true;
    this.client?.answers?.answered();
    if (this.#hasLeft) {
      this.#leaving?.abort();
      this.client?.socket?.destroy();
      this.#whenClosed(this.#signal.reason);
    } else if (this.#inflater === null) this.#finish(this.#rejected());
    else this.#inflater.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.client?.answers?.answered();
    this.#inflater?.destroy();
    this.#whenClosed(this.#reasonOf(error));
  }

  /** Why the answer has ended; null if it was whole. */
  #reasonOf(error: Error): unknown {
    if (this.#endedByUs) return null;
    if (this.#signal.aborted) return this.#signal.reason;
    if (this.#rejection !== null) return this.#rejected();
    const isStale = this.#reused && !this.#begun && brokenSocket(error);
    return isStale ? new StaleConnection() : upstreamTrouble(error);
  }

  #rejected(): GatewayError | null {
    const found = this.#rejection;
    if (found === null) return null;
    const type = String(found.headers["content-type"] ?? "");
    const body = Buffer.concat(found.chunks);
    const told = rejectionHeaders(found.headers);
    const rejection = upstreamRejection(found.status, body, type, told);
    return withStatus(rejection, found.status);
  }

  /** The slot is free only when the upstream's socket has closed, and its work is over. */
  #whenClosed(error: unknown): void {
    if (this.client === null) this.#finish(error);
    else {
      const over = Promise.all([this.client.socketClosed(), this.#leftWork]);
      void over.finally(() => this.#finish(error));
    }
  }

  #finish(error: unknown): void {
    if (this.#settled) return;
    this.#settled = true;
    clearTimeout(this.#grace);
    this.#signal.removeEventListener("abort", this.leave);
    if (error === null) this.#done.resolve();
    else this.#done.reject(error);
  }
}

/**
 * Sends one request and hands the answer to `receiver`. Resolves when the answer has ended; rejects
 * with a GatewayError (the upstream's own error, or its trouble), with `signal.reason` when the
 * signal aborted, each only once the upstream's socket is closed or free, or with StaleConnection.
 */
export function forward(
  connections: Connections,
  outbound: Outbound,
  receiver: Receiver,
  signal: StopSignal,
): Promise<void> {
  if (signal.aborted) return Promise.reject(signal.reason);
  return new Promise((resolve, reject) => {
    outbound.check?.();
    const passage = new Passage(receiver, signal, { resolve, reject }, outbound);
    signal.addEventListener("abort", passage.leave, { once: true });
    const fresh = outbound.fresh || connections.isUntidy;
    const pool = fresh ? connections.fresh : connections.kept;
    const { path, method, headers, body } = outbound;
    const { firstByteMs: headersTimeout, idleMs: bodyTimeout } = outbound;
    try {
      pool.dispatch(
        { path, method, headers, body, headersTimeout, bodyTimeout, reset: fresh },
        passage,
      );
    } catch (error) {
      signal.removeEventListener("abort", passage.leave);
      reject(upstreamTrouble(error));
    }
  });
}
