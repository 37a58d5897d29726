import type { IncomingMessage } from "node:http";
import type { Transform } from "node:stream";
import { GatewayError } from "../errors.ts";

export type Collecting = {
  /** Takes a piece; false if it wants no more. What it throws ends the body. */
  take: (chunk: Buffer) => boolean;
  signal: AbortSignal;
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

/** Out here: made inside `collect`, it would keep all of that call for as long as the request waits. */
const ignore = (): void => {};

/**
 * Hands the bytes of a body to `take`, in order. Resolves with true at the end of the body, and with
 * false if `take` wanted no more; the request is then paused. It ends by itself if the sender stops,
 * leaves, or sends what inflates too much.
 */
export function collect(
  request: IncomingMessage,
  inflate: Transform | null,
  { take, signal, timeoutMs }: Collecting,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const source = inflate === null ? request : request.pipe(inflate);
    let sent = 0;
    let inflated = 0;
    const timer = setTimeout(() => {
      fail(new GatewayError("body_timeout", "The body did not arrive in time (BODY_TIMEOUT)."));
    }, timeoutMs);
    const count = (chunk: Buffer): void => {
      sent += chunk.length;
    };
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", leave);
      source.off("data", keep).off("end", end);
      request.off("data", count).off("error", broken);
      if (inflate !== null) request.unpipe(inflate);
      request.pause();
    };
    const fail = (error: unknown): void => {
      settle();
      inflate?.destroy();
      reject(error);
    };
    const leave = (): void => fail(signal.reason);
    const keep = (chunk: Buffer): void => {
      timer.refresh();
      inflated += chunk.length;
      try {
        if (inflate !== null && inflated > Math.max(freeGrowth, sent * mostGrowth)) throw bomb();
        if (take(chunk)) return;
        settle();
        resolve(false);
      } catch (error) {
        fail(error);
      }
    };
    const end = (): void => {
      settle();
      resolve(true);
    };
    const broken = (cause: unknown): void =>
      fail(new GatewayError("client_closed", "Left.", { cause }));
    if (inflate !== null) request.on("data", count);
    signal.addEventListener("abort", leave, { once: true });
    source.on("data", keep).once("end", end);
    inflate?.on("error", () => {
      fail(new GatewayError("invalid_request", "The body is not valid for its Content-Encoding."));
    });
    // If the sender breaks off, `signal` aborts too. Without a listener the error would be thrown.
    request.on("error", broken).on("error", ignore);
    if (signal.aborted) leave();
  });
}

const bomb = (): GatewayError =>
  new GatewayError(
    "body_too_large",
    `The body becomes more than ${mostGrowth} times larger when it is inflated. Send it without compression.`,
  );
