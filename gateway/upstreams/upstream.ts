import { BoundedMap } from "../bounded-map.ts";
import type { DialectName } from "../dialects/all.ts";
import type { Family } from "../dialects/dialect.ts";
import { type Connections, openConnections } from "./connection.ts";
import { isLocalServer } from "./is-local.ts";
import { clientCertificateEnds, readTrust, type TlsOptions, type Trust } from "./trust.ts";
import { readProxy } from "./tunnel.ts";

/** A client may ask for any model. */
const mostKinds = 1_000;

/** The kind of server. It decides how answers are metered and connections made. */
export type UpstreamKind = "llamacpp" | "openai";

/** The type of server in the settings; `auto` is learnt from its answers. */
export type ServerType =
  | "auto"
  | "openai"
  | "anthropic"
  | "google"
  | "ollama"
  | "llamacpp"
  | "vllm";

/** The API that it has for conversations; `auto`: its family's own, and others as it shows. */
export type UpstreamApi = "auto" | "chat" | "responses" | "messages";

/** Clients choose the names of models where no route does. */
const mostRefused = 1000;

/** A server that answers: its address, its dialect, its connections. */
export type Upstream = {
  readonly name: string;
  readonly type: ServerType;
  readonly family: Family;
  readonly api: UpstreamApi;
  readonly origin: string;
  /** Put before every path: `""` or `/prefix`. */
  readonly prefix: string;
  /** It is in the house: it may know who asks. */
  readonly isLocal: boolean;
  /** Its own key; null where it needs none. */
  readonly key: string | null;
  /** True if the client's own credentials go to it unchanged. */
  readonly passthrough: boolean;
  readonly connections: Connections;
  /** The CA certificates and our client certificate; null: the usual CAs, no client certificate. */
  readonly trust: Trust | null;
  /** When our client certificate ends (epoch ms); null: there is none. */
  readonly clientCertificateEnds: number | null;
  /** The HTTP proxy on the way to it. */
  readonly proxy: URL | null;
  /** The dialects that it does not know, although others of its family do. */
  readonly lacks: Set<DialectName>;
  /** The dialects in which it has answered. */
  readonly spoke: Set<DialectName>;
  /** What it has refused, by kind and model: `responses gpt-5.4`. */
  readonly refused: BoundedMap<true>;
  /** Whether its streams are asked for their usage; `auto`: until it refuses that. */
  readonly streamUsage: StreamUsage;
  /** What it has stored is passed on, to the user that made it. */
  readonly storedResponses: boolean;
  /** Learnt from its answers: whether it takes requests with `stream_options`; null: not known. */
  takesStreamOptions: boolean | null;
  /** Learnt from its answers; null until there is one. `kindOf` knows more. */
  kind: UpstreamKind | null;
  /**
   * Learnt from its answers: it closes the connection after each stream, as llama.cpp itself does. A
   * proxy in front of llama.cpp keeps it. Null until there is an answer.
   */
  closesStreams: boolean | null;
  /** A real Ollama, which takes the requests of Ollama's clients as they are; null: not known. */
  isOllama: boolean | null;
  /** The kind of server behind each model: a proxy such as llama-swap has several. */
  readonly kinds: BoundedMap<UpstreamKind>;
};

export type StreamUsage = "auto" | "on" | "off";

export type UpstreamOptions = {
  /** Origin and prefix, without a final `/v1` or slash. */
  url: string;
  key: string | null;
  type: ServerType;
  api?: UpstreamApi;
  connectTimeoutMs: number;
  /** Shown in ledger, logs and /health; the URL by default. */
  name?: string;
  passthrough?: boolean;
  streamUsage?: StreamUsage;
  storedResponses?: boolean;
  tls?: TlsOptions;
  /** URL of the HTTP proxy to it, with credentials where it wants some; null: none. */
  proxy?: string | null;
};

/**
 * Opens an upstream. Nothing connects yet. Throws a one-line Error for invalid PEM texts or an
 * invalid proxy URL.
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
    api: options.api ?? "auto",
    origin: url.origin,
    prefix: url.pathname === "/" ? "" : url.pathname,
    isLocal: isLocalServer(url),
    key: options.key,
    passthrough: options.passthrough ?? false,
    connections: openConnections(url.origin, { connectTimeoutMs, trust, proxy }),
    trust,
    clientCertificateEnds: clientCertificateEnds(options.tls?.cert),
    proxy,
    kind: type === "auto" ? null : type === "llamacpp" ? "llamacpp" : "openai",
    closesStreams: type === "auto" ? null : type === "llamacpp",
    isOllama: type === "auto" ? null : type === "ollama",
    kinds: new BoundedMap(mostKinds),
    lacks: new Set(),
    spoke: new Set(),
    refused: new BoundedMap(mostRefused),
    streamUsage: options.streamUsage ?? "auto",
    storedResponses: options.storedResponses ?? false,
    takesStreamOptions: null,
  };
}

/** True if the streams of this upstream are asked for their usage. */
export function asksForUsage({
  streamUsage,
  takesStreamOptions,
}: Pick<Upstream, "streamUsage" | "takesStreamOptions">): boolean {
  return streamUsage === "on" || (streamUsage === "auto" && takesStreamOptions !== false);
}

/** How llama.cpp names itself, in the header `Server` and as the owner of its models. */
const llamaCpp = /^llama\.?cpp$/;

/** What an answer shows of the server that wrote it. */
export type KindSign = {
  /** The model's name at the upstream; null for an answer about all of them. */
  readonly model: string | null;
  /** The header `Server`. A proxy may write its own name. */
  readonly server?: string | string[] | undefined;
  /** The owner of a model in a list. */
  readonly owner?: unknown;
  /** The answer has llama.cpp's own `timings`. */
  readonly hasTimings?: boolean;
};

/** Learns the kind of server from an answer. What the operator has set stays. */
export function learnKind(upstream: Upstream, { model, server, ...sign }: KindSign): void {
  if (upstream.type !== "auto") return;
  const answersItself = llamaCpp.test(String(server));
  upstream.closesStreams = upstream.closesStreams === true || answersItself;
  const isLlama = sign.hasTimings === true || answersItself || llamaCpp.test(String(sign.owner));
  if (isLlama) {
    upstream.kind = "llamacpp";
    if (model !== null) upstream.kinds.set(model, "llamacpp");
    return;
  }
  upstream.kind ??= "openai";
  // Timings are a proof, and the header may be a proxy's.
  if (model !== null && upstream.kinds.get(model) === undefined)
    upstream.kinds.set(model, "openai");
}

/** The kind of server behind a model of an upstream; null until an answer has shown it. */
export function kindOf({ kind, kinds }: Upstream, model: string | null): UpstreamKind | null {
  return (model === null ? undefined : kinds.get(model)) ?? kind;
}
