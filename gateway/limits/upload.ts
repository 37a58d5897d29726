import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { GatewayError } from "../errors.ts";

/** Sees each piece of a body on its way. It may throw a GatewayError: the body then fails. */
export type BodyWatch = { piece(chunk: Buffer): void; end(): void };

export type UploadOptions = {
  /** What was read before; it is sent first. */
  begun: Buffer;
  /** The least that a client sends while the upstream waits for it. Bytes a second. */
  minRate: number;
  /** The rate is judged over this time of waiting. Milliseconds. */
  windowMs: number;
  watch: BodyWatch | null;
};

/** How often the rate is looked at. Milliseconds. */
const lookMs = 500;

/**
 * A body that is too large to be kept, as a stream. It holds a slot while it is sent on, so the
 * client has to send at a least rate: one that stalls ends the stream with 408. Time in which the
 * upstream is the slow side does not count.
 */
export class Upload extends Readable {
  readonly #request: IncomingMessage;
  readonly #options: UploadOptions;
  #timer: NodeJS.Timeout | undefined;
  #isWanted = false;
  /** The time for which the upstream has waited for bytes, and the bytes that came then. */
  #waitedMs = 0;
  #came = 0;

  constructor(request: IncomingMessage, options: UploadOptions) {
    super({ highWaterMark: 64 * 1024 });
    this.#request = request;
    this.#options = options;
    // The later reader of the stream gets its error. Until then nothing listens.
    this.on("error", () => {});
    request.on("data", this.#pass).once("end", this.#finish).once("close", this.#leave);
    this.push(options.begun);
  }

  override _read(): void {
    this.#timer ??= setInterval(() => this.#look(), Math.min(lookMs, this.#options.windowMs / 4));
    this.#isWanted = true;
    this.#request.resume();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    clearInterval(this.#timer);
    this.#request.off("data", this.#pass).off("end", this.#finish).off("close", this.#leave);
    done(error);
  }

  readonly #pass = (chunk: Buffer): void => {
    try {
      this.#options.watch?.piece(chunk);
    } catch (error) {
      this.destroy(error as Error);
      return;
    }
    this.#came += chunk.length;
    this.#isWanted = this.push(chunk);
    if (!this.#isWanted) this.#request.pause();
  };

  readonly #finish = (): void => {
    clearInterval(this.#timer);
    try {
      this.#options.watch?.end();
      this.push(null);
    } catch (error) {
      this.destroy(error as Error);
    }
  };

  readonly #leave = (): void => {
    if (!this.#request.complete) this.destroy();
  };

  #look(): void {
    const { windowMs, minRate } = this.#options;
    if (!this.#isWanted) return;
    this.#waitedMs += Math.min(lookMs, windowMs / 4);
    if (this.#waitedMs < windowMs) return;
    if (this.#came < (minRate * this.#waitedMs) / 1000) {
      this.destroy(
        new GatewayError(
          "body_timeout",
          `The body came slower than ${minRate} bytes a second (UPLOAD_MIN_RATE).`,
        ),
      );
    }
    this.#waitedMs = 0;
    this.#came = 0;
  }
}
