import { ask } from "./ask.ts";
import { failureOf } from "./failure.ts";
import type { Upstream } from "./upstream.ts";

/** llama-server's workers may all be busy for a moment. Milliseconds. */
const patienceMs = 5_000;

/**
 * Resolves if an upstream lives, rejects if not. Any answer is a sign of life, that it wants
 * another key or loads its model too, but not a proxy's word that nobody is behind it.
 */
export async function probeUpstream(
  upstream: Upstream,
  limitMs: number = patienceMs,
): Promise<void> {
  try {
    await ask(upstream, pathOf(upstream), limitMs, limitMs);
  } catch (error) {
    const { kind } = failureOf(error);
    if (kind !== "alive" && kind !== "busy") throw error;
  }
}

function pathOf({ family, type, kind }: Upstream): string {
  if (family === "google") return "/v1beta/models?pageSize=1";
  if (family === "anthropic") return "/v1/models?limit=1";
  return kind === "llamacpp" || kind === null || type === "vllm" ? "/health" : "/v1/models";
}
