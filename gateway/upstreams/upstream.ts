import type { Family } from "../dialects/hub/target.ts";
import type { Dialect } from "../exchange.ts";
import { type Connections, openConnections } from "./connection.ts";
import { readTrust, type TlsOptions, type Trust } from "./trust.ts";
import { readProxy } from "./tunnel.ts";

/** What kind of server answers; decides how it is metered and connected to. */
export type UpstreamKind = "llamacpp" | "openai";

/** What an upstream is said to be; `auto` is learnt from its answers. */
export type ServerType =
  | "auto"
  | "openai"
  | "anthropic"
  | "google"
  | "ollama"
  | "llamacpp"
  | "vllm";

/** A server that answers: where it is, how it is spoken to, how it fares. */
export type Upstream = {
  readonly name: string;
  readonly type: ServerType;
  readonly family: Family;
  readonly origin: string;
  /** Put before every path: `""` or `/prefix`. */
  readonly prefix: string;
  /** Its own key; null where it needs none. */
  readonly key: string | null;
  /** The client's own credentials go to it unchanged. */
  readonly passthrough: boolean;
  readonly connections: Connections;
  /** Whose certificates are believed, and ours; null: the usual ones, and none. */
  readonly trust: Trust | null;
  /** The HTTP proxy on the way to it. */
  readonly proxy: URL | null;
  /** The dialects that it has turned out not to know, though others of its family do. */
  readonly lacks: Set<Dialect>;
  /** Learnt from its answers; null until there is one. */
  kind: UpstreamKind | null;
};

export type UpstreamOptions = {
  /** Origin and prefix, without a final `/v1` or slash. */
  url: string;
  key: string | null;
  type: ServerType;
  connectTimeoutMs: number;
  /** Shown in ledger, logs and /health; the URL by default. */
  name?: string;
  passthrough?: boolean;
  tls?: TlsOptions;
  /** URL of the HTTP proxy to it, with credentials where it wants some; null: none. */
  proxy?: string | null;
};

/**
 * Opens an upstream; nothing connects yet. Throws a one-line Error for PEM texts or a proxy that
 * are none.
 */
export function openUpstream(options: UpstreamOptions): Upstream {
  const { connectTimeoutMs, type } = options;
  const url = new URL(options.url);
  const trust = options.tls === undefined ? null : readTrust(options.tls);
  const proxy = readProxy(options.proxy ?? null);
  return {
    name: options.name ?? options.url,
    type,
    family: type === "anthropic" || type === "google" ? type : "openai",
    origin: url.origin,
    prefix: url.pathname === "/" ? "" : url.pathname,
    key: options.key,
    passthrough: options.passthrough ?? false,
    connections: openConnections(url.origin, { connectTimeoutMs, trust, proxy }),
    trust,
    proxy,
    kind: type === "auto" ? null : type === "llamacpp" ? "llamacpp" : "openai",
    lacks: new Set(),
  };
}

/** Notes what an answer shows of its server: llama.cpp names itself in the `Server` header. */
export function learnKind(upstream: Upstream, server: string | string[] | undefined): void {
  if (upstream.kind === null) upstream.kind = server === "llama.cpp" ? "llamacpp" : "openai";
}
