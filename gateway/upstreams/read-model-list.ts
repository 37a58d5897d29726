import type { Family } from "../dialects/dialect.ts";
import type { JsonObject } from "../json-object.ts";
import { answeredList, answeredObject } from "./answered-object.ts";
import { ask } from "./ask.ts";
import { findOllama } from "./find-ollama.ts";
import { type CatalogEntry, entriesOf } from "./model-entries.ts";
import { learnKind, type Upstream } from "./upstream.ts";

/** Of a list no more pages are read. */
const maxPages = 20;

type List = {
  path: string;
  /** The query that asks for the page after this one; null where there is none. */
  next(page: JsonObject): string | null;
};

const lists: Readonly<Record<Family, List>> = {
  openai: { path: "/v1/models", next: () => null },
  anthropic: {
    path: "/v1/models?limit=1000",
    next: (page) => (page.has_more === true ? query("after_id", page.last_id) : null),
  },
  google: {
    path: "/v1beta/models?pageSize=1000",
    next: (page) => query("pageToken", page.nextPageToken),
  },
};

const query = (name: string, value: unknown): string | null =>
  typeof value === "string" && value !== "" ? `&${name}=${encodeURIComponent(value)}` : null;

/**
 * Asks an upstream for all its models. Rejects with a GatewayError; each page may take `timeoutMs`.
 *
 * @param reloads - a router of llama.cpp looks for new models first
 */
export async function readModelList(
  upstream: Upstream,
  timeoutMs: number,
  reloads: boolean = false,
): Promise<readonly CatalogEntry[]> {
  const { path, next } = lists[upstream.family];
  const entries: CatalogEntry[] = [];
  let more: string | null = reloads && upstream.kind === "llamacpp" ? "?reload=1" : "";
  for (let pages = 0; more !== null && pages < maxPages; pages++) {
    const page: JsonObject = await readPage(upstream, path + more, timeoutMs);
    const found = entriesOf(upstream.family, page, upstream.name);
    for (const { id, ownedBy } of found) {
      if (ownedBy === "llamacpp") learnKind(upstream, { model: id, owner: ownedBy });
    }
    entries.push(...found);
    more = next(page);
  }
  await findOllama(upstream, entries, timeoutMs);
  return upstream.kind === "llamacpp" ? withSleep(upstream, entries, timeoutMs) : entries;
}

async function readPage(upstream: Upstream, path: string, timeoutMs: number): Promise<JsonObject> {
  const { headers, bytes } = await ask(upstream, path, timeoutMs);
  learnKind(upstream, { model: null, server: headers.server });
  return answeredList(bytes);
}

/**
 * A llama-server with one model tells in its properties that it sleeps; asking does not wake it.
 */
async function withSleep(
  upstream: Upstream,
  entries: readonly CatalogEntry[],
  timeoutMs: number,
): Promise<readonly CatalogEntry[]> {
  if (entries.some(({ status }) => status !== null)) return entries;
  const props = await ask(upstream, "/props", timeoutMs)
    .then(({ bytes }) => answeredObject(bytes))
    .catch(() => null);
  const asleep = props?.is_sleeping;
  if (typeof asleep !== "boolean") return entries;
  return entries.map((entry) => ({ ...entry, status: asleep ? "sleeping" : "loaded" }));
}
