import { setTimeout as sleep } from "node:timers/promises";
import { GatewayError } from "../errors.ts";
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
  signal: AbortSignal;
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
export async function sendWithPatience(options: PatientOptions): Promise<void> {
  const { outbound, send, signal, upstream } = options;
  const started = performance.now();
  let fresh = outbound.fresh;
  for (let tries = 0; ; tries++) {
    try {
      await send(fresh ? { ...outbound, fresh } : outbound);
      return;
    } catch (error) {
      if (error instanceof StaleConnection) {
        if (fresh || !isReplayable(outbound)) {
          throw new GatewayError("upstream_error", "The upstream closed the connection.", {
            cause: error,
          });
        }
        fresh = true;
        continue;
      }
      const left = patienceFor(error, options) - (performance.now() - started);
      const { key, passthrough } = upstream;
      if (left <= 0) throw withoutKey(passthrough ? ownKeyRefused(error) : error, key);
      const pause = Math.min(pauses[Math.min(tries, pauses.length - 1)] ?? 0, left);
      await sleep(pause, undefined, { signal }).catch(() => {
        throw signal.reason;
      });
    }
  }
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
