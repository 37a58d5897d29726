import { GatewayError } from "../errors.ts";
import { ask } from "./ask.ts";
import { noteHealth } from "./health.ts";
import { upstreamTrouble } from "./trouble.ts";
import { learnKind, type Upstream } from "./upstream.ts";

export type ModelListOptions = {
  /** How long a list is good for. Milliseconds, as both. */
  freshMs: number;
  timeoutMs: number;
};

/** The upstream's `GET /v1/models`, as its bytes. */
export type ModelList = {
  /** Rejects with a GatewayError where there is no list and none can be had. */
  read(): Promise<Buffer>;
};

/**
 * Asks an upstream for its models, at most once in `freshMs` and once at a time, since pages and
 * editors ask often. An upstream that is away keeps the list it had.
 */
export function createModelList(upstream: Upstream, options: ModelListOptions): ModelList {
  let known: { bytes: Buffer; at: number } | null = null;
  let asking: Promise<Buffer> | null = null;

  async function read(): Promise<Buffer> {
    const { headers, bytes } = await ask(upstream, "/v1/models", options.timeoutMs);
    learnKind(upstream, headers.server);
    noteHealth(upstream, true, null);
    return bytes;
  }

  async function refresh(): Promise<Buffer> {
    try {
      const bytes = await read();
      known = { bytes, at: performance.now() };
      return bytes;
    } catch (cause) {
      const error = cause instanceof GatewayError ? cause : upstreamTrouble(cause);
      if (error.code === "upstream_unreachable") noteHealth(upstream, false, error.message);
      if (known !== null) return known.bytes;
      throw error;
    } finally {
      asking = null;
    }
  }

  return {
    async read() {
      if (known !== null && performance.now() - known.at < options.freshMs) return known.bytes;
      asking ??= refresh();
      return asking;
    },
  };
}
