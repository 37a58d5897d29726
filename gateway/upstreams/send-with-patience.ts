import { GatewayError } from "../errors.ts";
import type { StopSignal } from "../stop-signal.ts";
import { ownKeyRefused, withoutKey } from "./failure.ts";
import type { Outbound } from "./forward.ts";
import { StaleConnection } from "./stale-connection.ts";
import { neverConnected } from "./trouble.ts";
import type { Upstream } from "./upstream.ts";

export type PatientOptions = {
  upstream: Pick<Upstream, "key" | "passthrough">;
  outbound: Outbound;
  /** `forward`, or `forwardConverted` for an upstream that speaks another dialect. */
  send(outbound: Outbound): Promise<void>;
  signal: StopSignal;
  /** True once the client has had a 200: from then on a refused connection is tried again too. */
  committed: () => boolean;
  /** Milliseconds to go on trying while a model loads, or an upstream cannot be reached. */
  patienceMs: number;
};

/** Between two tries; a loading model takes seconds. Milliseconds. */
const pauses = [250, 500, 1000, 2000];

/** The longest that a committed client waits for an upstream that refuses connections. */
const maxUnreachableMs = 60_000;

/**
 * The inner circle of tries: sends a generation to its upstream, and to the same one again if that
 * is safe (no byte of an answer has come, and the upstream has not begun to work). Rejects like
 * `forward`, but never with StaleConnection.
 */
export function sendWithPatience(options: PatientOptions): Promise<void> {
  const started = performance.now();
  return options
    .send(options.outbound)
    .catch((error: unknown) => sendAgain(options, error, started));
}

/** Further tries, after the first one has failed. `started`: monotonic milliseconds. */
async function sendAgain(options: PatientOptions, first: unknown, started: number): Promise<void> {
  const { outbound, send, signal, upstream } = options;
  let error = first;
  let fresh = outbound.fresh;
  for (let tries = 0; ; tries++) {
    if (error instanceof StaleConnection) {
      if (fresh || !isReplayable(outbound)) {
        throw new GatewayError("upstream_error", "The upstream closed the connection.", {
          cause: error,
        });
      }
      fresh = true;
    } else {
      const left = patienceFor(error, options) - (performance.now() - started);
      const { key, passthrough } = upstream;
      if (left <= 0) throw withoutKey(passthrough ? ownKeyRefused(error) : error, key);
      await pause(Math.min(pauses[Math.min(tries, pauses.length - 1)] ?? 0, left), signal);
    }
    try {
      return await send(fresh ? { ...outbound, fresh } : outbound);
    } catch (cause) {
      error = cause;
    }
  }
}

/** Rejects with the signal's reason if it aborts meanwhile. */
function pause(ms: number, signal: StopSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", leave);
      resolve();
    }, ms);
    signal.addEventListener("abort", leave, { once: true });
    if (signal.aborted) leave();
  });
}

/** How long an error is worth further tries, in milliseconds since the first one; 0: never. */
function patienceFor(error: unknown, options: PatientOptions): number {
  if (!(error instanceof GatewayError) || !isReplayable(options.outbound)) return 0;
  if (error.code === "upstream_loading") return options.patienceMs;
  if (!options.committed()) return 0;
  if (error.code === "upstream_unreachable" && neverConnected(error.cause)) {
    return Math.min(options.patienceMs, maxUnreachableMs);
  }
  return 0;
}

/** A streamed body cannot be sent again. */
const isReplayable = (outbound: Outbound): boolean =>
  outbound.body === null || Buffer.isBuffer(outbound.body);
