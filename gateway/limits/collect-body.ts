import type { IncomingMessage } from "node:http";
import type { Transform } from "node:stream";
import { GatewayError } from "../errors.ts";
import type { StopSignal } from "../stop-signal.ts";

/** What is done with a body. */
export type Collecting<Result> = {
  /** Takes a piece; false if it wants no more. What it throws ends the body. */
  take(chunk: Buffer): boolean;
  /** What the body gives; `isWhole` is false if `take` wanted no more. */
  result(isWhole: boolean): Result;
  /** Nothing comes of the body: gives back what it holds. */
  free(): void;
};

export type CollectOptions = {
  signal: StopSignal;
  /** The longest pause between two pieces. Milliseconds. */
  timeoutMs: number;
};

/**
 * JSON shrinks to a tenth, and rarely to less. What grows more when it is inflated costs much more
 * than its sender has paid for.
 */
const mostGrowth = 32;
/** So many bytes may come of few. */
const freeGrowth = 1024 * 1024;

/** Out here: made for one body, it would keep all of that for as long as the request waits. */
const ignore = (): void => {};

/**
 * Hands the bytes of a body to `into`, in order. Resolves with its result at the end of the body, or
 * if it wanted no more; the request is then paused. Rejects if the sender stops, leaves, or sends
 * what inflates too much.
 */
export function collect<Result>(
  request: IncomingMessage,
  inflate: Transform | null,
  into: Collecting<Result>,
  options: CollectOptions,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    new Collector(request, inflate, into, { ...options, resolve, reject });
  });
}

type Ending<Result> = CollectOptions & {
  resolve: (result: Result) => void;
  reject: (error: unknown) => void;
};

class Collector<Result> {
  readonly #request: IncomingMessage;
  readonly #inflate: Transform | null;
  readonly #into: Collecting<Result>;
  readonly #ending: Ending<Result>;
  #sent = 0;
  #inflated = 0;
  /** Runs once a turn has ended before the body. */
  #timer: NodeJS.Timeout | undefined;
  /** What an inflater says after that is no matter of the body's. */
  #isOver = false;

  constructor(
    request: IncomingMessage,
    inflate: Transform | null,
    into: Collecting<Result>,
    ending: Ending<Result>,
  ) {
    this.#request = request;
    this.#inflate = inflate;
    this.#into = into;
    this.#ending = ending;
    // Nearly all come with their head: a timer for each would cost more than a look after this turn.
    setImmediate(this.#watchTime);
    ending.signal.addEventListener("abort", this.#leave, { once: true });
    // If the sender breaks off, `signal` aborts too. Without a listener the error would be thrown.
    request.on("error", this.#broken);
    if (inflate !== null) this.#readInflated(inflate);
    else request.on("data", this.#keep).on("end", this.#end);
    if (ending.signal.aborted) this.#leave();
  }

  #readInflated(inflate: Transform): void {
    this.#request.on("data", this.#count).pipe(inflate);
    inflate.on("data", this.#keep).on("end", this.#end);
    inflate.on("error", () => {
      this.#fail(
        new GatewayError("invalid_request", "The body is not valid for its Content-Encoding."),
      );
    });
  }

  readonly #watchTime = (): void => {
    if (!this.#isOver) this.#timer = setTimeout(this.#late, this.#ending.timeoutMs);
  };

  readonly #late = (): void =>
    this.#fail(new GatewayError("body_timeout", "The body did not arrive in time (BODY_TIMEOUT)."));

  readonly #count = (chunk: Buffer): void => {
    this.#sent += chunk.length;
  };

  readonly #keep = (chunk: Buffer): void => {
    this.#timer?.refresh();
    this.#inflated += chunk.length;
    try {
      if (
        this.#inflate !== null &&
        this.#inflated > Math.max(freeGrowth, this.#sent * mostGrowth)
      ) {
        throw bomb();
      }
      if (!this.#into.take(chunk)) this.#give(false);
    } catch (error) {
      this.#fail(error);
    }
  };

  readonly #end = (): void => this.#give(true);

  readonly #leave = (): void => this.#fail(this.#ending.signal.reason);

  readonly #broken = (cause: unknown): void =>
    this.#fail(new GatewayError("client_closed", "Left.", { cause }));

  #give(isWhole: boolean): void {
    if (this.#isOver) return;
    this.#settle();
    try {
      this.#ending.resolve(this.#into.result(isWhole));
    } catch (error) {
      this.#drop(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.#settle();
    this.#drop(error);
  }

  #drop(error: unknown): void {
    this.#inflate?.destroy();
    this.#into.free();
    this.#ending.reject(error);
  }

  #settle(): void {
    const request = this.#request;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#ending.signal.removeEventListener("abort", this.#leave);
    const source = this.#inflate ?? request;
    source.off("data", this.#keep).off("end", this.#end);
    request.off("error", this.#broken).on("error", ignore);
    if (this.#inflate !== null) request.off("data", this.#count).unpipe(this.#inflate);
    request.pause();
  }
}

const bomb = (): GatewayError =>
  new GatewayError(
    "body_too_large",
    `The body becomes more than ${mostGrowth} times larger when it is inflated. Send it without compression.`,
  );
