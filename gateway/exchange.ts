/** The API shape a client speaks. `openai` is any other path of the OpenAI family. */
export type Dialect =
  | "chat"
  | "completions"
  | "responses"
  | "embeddings"
  | "rerank"
  | "messages"
  | "gemini"
  | "openai";

/** A generation waits in line and has a row in the ledger; a read never waits and has none. */
export type Kind = "generation" | "read";

/** The frozen identity of one exchange: one request and its answer. */
export type Exchange = {
  /** Ours, UUID v4: the key in line, ledger and `/queue/{id}`. */
  readonly id: string;
  /** Shown to the client; their own X-Request-ID where it is well formed, else `id`. */
  readonly requestId: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Monotonic milliseconds (`performance.now()`), for durations. */
  readonly startedMono: number;
  readonly method: string;
  /** Judged, without the query, without the `/api` of the alias: `/v1/chat/completions`. */
  readonly path: string;
  /** `""` or `?a=b`; never holds a credential. */
  readonly query: string;
  readonly dialect: Dialect;
  readonly kind: Kind;
  /** Arrived on PUBLIC_PORT or with a Cloudflare header; see DESIGN's word "public". */
  readonly isPublic: boolean;
  /** The client's address, without a port. */
  readonly address: string;
  /** Aborts when the client has left before its answer ended. */
  readonly signal: AbortSignal;
};
