import { answeredObject } from "./answered-object.ts";
import { ask } from "./ask.ts";
import { failureOf } from "./failure.ts";
import type { CatalogEntry } from "./model-entries.ts";
import type { Upstream } from "./upstream.ts";

/** Ollama writes a tag behind each name, and owns the models of its own library. */
const isLikeOllama = (entries: readonly CatalogEntry[]): boolean =>
  entries.some(({ ownedBy }) => ownedBy === "library") ||
  (entries.length > 0 && entries.every(({ id }) => /:[^:/]+$/.test(id)));

/**
 * Learns whether a server whose type is `auto` is an Ollama, which then gets the requests of
 * Ollama's clients as they are. Only a server with a list like Ollama's is asked, and it once:
 * a server that does not answer now is asked with the next list. Never rejects.
 */
export async function findOllama(
  upstream: Upstream,
  entries: readonly CatalogEntry[],
  timeoutMs: number,
): Promise<void> {
  if (upstream.isOllama !== null || upstream.kind === "llamacpp" || !isLikeOllama(entries)) return;
  try {
    const { version } = answeredObject((await ask(upstream, "/api/version", timeoutMs)).bytes);
    upstream.isOllama = typeof version === "string";
  } catch (error) {
    const { kind } = failureOf(error);
    if (kind !== "down" && kind !== "silent" && kind !== "busy") upstream.isOllama = false;
  }
}
