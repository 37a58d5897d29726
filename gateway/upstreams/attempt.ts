import { setTimeout as sleep } from "node:timers/promises";
import { GatewayError } from "../errors.ts";
import { ownKeyRefused, withoutKey } from "./failure.ts";
import { forward, type Outbound, type Receiver } from "./forward.ts";
import { StaleConnection } from "./stale-connection.ts";
import { neverConnected } from "./trouble.ts";
import type { Upstream } from "./upstream.ts";

export type AttemptOptions = {
  upstream: Upstream;
  outbound: Outbound;
  receiver: Receiver;
  signal: AbortSignal;
  /** True where the client has had a 200 already: then a refused connection is tried again too. */
  committed: () => boolean;
  /** Sends in place of `forward`, and like it; for an upstream that speaks another dialect. */
  send?: (outbound: Outbound, receiver: Receiver, signal: AbortSignal) => Promise<void>;
  /** Milliseconds to go on trying a model that loads, or an upstream that is not there. */
  patienceMs: number;
};

/** Between two tries; a loading model takes seconds. Milliseconds. */
const pauses = [250, 500, 1000, 2000];

/** The longest that a committed client waits for an upstream that refuses connections. */
const maxUnreachableMs = 60_000;

/**
 * Sends a generation to its upstream, again where that is safe: nothing of an answer has come, and
 * the upstream has not begun to work. Rejects like `forward`, but never with StaleConnection.
 */
export async function attempt(options: AttemptOptions): Promise<void> {
  const started = performance.now();
  let fresh = options.outbound.fresh;
  for (let tries = 0; ; tries++) {
    try {
      await send(options, fresh ? { ...options.outbound, fresh } : options.outbound);
      return;
    } catch (error) {
      if (error instanceof StaleConnection) {
        if (fresh || !isReplayable(options.outbound)) {
          throw new GatewayError("upstream_error", "The upstream closed the connection.", {
            cause: error,
          });
        }
        fresh = true;
        continue;
      }
      const left = patience(error, options) - (performance.now() - started);
      const { key, passthrough } = options.upstream;
      if (left <= 0) throw withoutKey(passthrough ? ownKeyRefused(error) : error, key);
      const pause = Math.min(pauses[Math.min(tries, pauses.length - 1)] ?? 0, left);
      await sleep(pause, undefined, { signal: options.signal }).catch(() => {
        throw options.signal.reason;
      });
    }
  }
}

function send(options: AttemptOptions, outbound: Outbound): Promise<void> {
  const { signal, upstream, receiver } = options;
  return options.send === undefined
    ? forward(upstream.connections, outbound, receiver, signal)
    : options.send(outbound, receiver, signal);
}

/**
 * How long an error of this kind is worth further tries, in milliseconds since the first; 0: never.
 */
function patience(error: unknown, options: AttemptOptions): number {
  if (!(error instanceof GatewayError) || !isReplayable(options.outbound)) return 0;
  if (error.code === "upstream_loading") return options.patienceMs;
  if (!options.committed()) return 0;
  if (error.code === "upstream_unreachable" && neverConnected(error.cause)) {
    return Math.min(options.patienceMs, maxUnreachableMs);
  }
  return 0;
}

/** A streamed body is gone once sent. */
const isReplayable = (outbound: Outbound): boolean =>
  outbound.body === null || Buffer.isBuffer(outbound.body);
