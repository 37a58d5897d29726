import { type Connections, openConnections } from "./connection.ts";

/** What kind of server answers; decides how it is metered and connected to. */
export type UpstreamKind = "llamacpp" | "openai";

/** A server that answers: where it is, how it is spoken to, how it fares. */
export type Upstream = {
  readonly name: string;
  readonly origin: string;
  /** Put before every path: `""` or `/prefix`. */
  readonly prefix: string;
  /** Its own key; null where it needs none. */
  readonly key: string | null;
  readonly connections: Connections;
  /** Learnt from its answers; null until there is one. */
  kind: UpstreamKind | null;
  /** Null until the first exchange or probe. */
  health: { up: boolean; since: number; reason: string | null } | null;
};

export type UpstreamOptions = {
  /** Origin and prefix, without a final `/v1` or slash. */
  url: string;
  key: string | null;
  /** `auto` is learnt from the `Server` header. */
  type: "auto" | UpstreamKind | "vllm";
  connectTimeoutMs: number;
  /** Shown in ledger, logs and /health; the URL by default. */
  name?: string;
};

export function openUpstream(options: UpstreamOptions): Upstream {
  const url = new URL(options.url);
  return {
    name: options.name ?? options.url,
    origin: url.origin,
    prefix: url.pathname === "/" ? "" : url.pathname,
    key: options.key,
    connections: openConnections(url.origin, { connectTimeoutMs: options.connectTimeoutMs }),
    kind: options.type === "auto" ? null : options.type === "llamacpp" ? "llamacpp" : "openai",
    health: null,
  };
}

/** Notes what an answer shows of its server: llama.cpp names itself in the `Server` header. */
export function learnKind(upstream: Upstream, server: string | string[] | undefined): void {
  if (upstream.kind === null) upstream.kind = server === "llama.cpp" ? "llamacpp" : "openai";
}

/** Notes that an upstream answered or failed. Returns true where that is news. */
export function noteHealth(upstream: Upstream, up: boolean, reason: string | null): boolean {
  if (upstream.health?.up === up) return false;
  upstream.health = { up, since: Date.now(), reason };
  return true;
}
