import type { Dialect, Kind } from "../exchange.ts";
import { geminiTarget } from "./gemini/gemini-target.ts";

/**
 * What a method on a path is: the words its client speaks, whether it makes the upstream generate,
 * and whether we read its body as JSON (else the body is opaque and streamed through).
 */
export type Endpoint = Readonly<{ dialect: Dialect; kind: Kind; json: boolean }>;

function generation(dialect: Dialect): Endpoint {
  return Object.freeze({ dialect, kind: "generation", json: true });
}

/** The generations whose body we read. Every other POST generates too, with an opaque body. */
const generations: ReadonlyMap<string, Endpoint> = new Map([
  ["/v1/chat/completions", generation("chat")],
  ["/v1/completions", generation("completions")],
  ["/v1/responses", generation("responses")],
  ["/v1/embeddings", generation("embeddings")],
  ["/v1/messages", generation("messages")],
  ["/v1/rerank", generation("rerank")],
  ["/v1/reranking", generation("rerank")],
]);

/** Gemini's have their model in the path, and so no place in the table. */
const geminiGeneration = generation("gemini");
const geminiRead: Endpoint = Object.freeze({ dialect: "gemini", kind: "read", json: false });

/** A POST that does not generate, and yet names a model in its body. */
const askingPosts: ReadonlySet<string> = new Set([
  "/v1/messages/count_tokens",
  "/v1/chat/completions/input_tokens",
  "/v1/responses/input_tokens",
  "/v1/tokenize",
  "/v1/detokenize",
  "/v1/apply-template",
  "/v1/models/load",
  "/v1/models/unload",
]);

/**
 * A POST that does not generate. Exact: a POST like one of these, but unknown, must not slip by.
 */
const readingPosts: ReadonlySet<string> = new Set([
  ...askingPosts,
  "/v1/files",
  "/v1/uploads",
  "/v1/streams/lookup",
  // llama.cpp: acts on a generation that runs; waiting in line behind it would be a deadlock.
  "/v1/chat/completions/control",
]);

const readingPrefixes: readonly string[] = ["/v1/files/", "/v1/uploads/"];

/** `{prefix}{id}/cancel` stops work and starts none. */
const cancellable: readonly string[] = [
  "/v1/responses/",
  "/v1/chat/completions/",
  "/v1/batches/",
  "/v1/messages/batches/",
  "/v1/fine_tuning/jobs/",
];

const readingMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "DELETE", "OPTIONS"]);

/** Longest first; the first that the path is, or lies under, names the dialect. */
const dialects: readonly (readonly [string, Dialect])[] = [
  ["/v1/chat/completions", "chat"],
  ["/v1/completions", "completions"],
  ["/v1/responses", "responses"],
  ["/v1/embeddings", "embeddings"],
  ["/v1/messages", "messages"],
  ["/v1/reranking", "rerank"],
  ["/v1/rerank", "rerank"],
  ["/v1beta", "gemini"],
];

function dialectOf(path: string): Dialect {
  for (const [prefix, dialect] of dialects) {
    if (!path.startsWith(prefix)) continue;
    if (path.length === prefix.length || path.charCodeAt(prefix.length) === 47) return dialect;
  }
  return "openai";
}

function isCancel(path: string): boolean {
  if (!path.endsWith("/cancel")) return false;
  for (const prefix of cancellable) {
    if (!path.startsWith(prefix)) continue;
    const slash = path.indexOf("/", prefix.length);
    return slash > prefix.length && slash === path.length - "/cancel".length;
  }
  return false;
}

function isRead(method: string, path: string): boolean {
  if (readingMethods.has(method) || readingPosts.has(path)) return true;
  return readingPrefixes.some((prefix) => path.startsWith(prefix)) || isCancel(path);
}

/** A read that is to be asked where the model is that it names. */
export function asksOfModel(method: string, path: string): boolean {
  return method === "POST" && (askingPosts.has(path) || geminiTarget(path)?.verb === "countTokens");
}

/**
 * The one table: method and judged path (no query, no `/api` of the alias) → endpoint.
 *
 * GET, HEAD, DELETE and OPTIONS read. Whatever else is not known to read counts as a generation:
 * an unknown POST, and PUT, PATCH or any other method too, since an upstream may route by path
 * alone, and work that is neither metered nor in line costs more than a slot held for a moment.
 * A WebSocket upgrade is a GET here: its listener must treat it as a generation itself.
 */
export function endpointOf(method: string, path: string): Endpoint {
  if (method === "POST") {
    const known = generations.get(path);
    if (known !== undefined) return known;
    const gemini = geminiTarget(path);
    if (gemini !== null) return gemini.verb === "countTokens" ? geminiRead : geminiGeneration;
  }
  const kind = isRead(method, path) ? "read" : "generation";
  return { dialect: dialectOf(path), kind, json: false };
}
