import type { Exchange } from "../../exchange.ts";

/**
 * Every name that OpenTelemetry's side sees. Those of GenAI are of the conventions v1.41, which
 * today's dashboards read; the conventions have moved house since, and call them unstable.
 */
export const attribute = {
  operation: "gen_ai.operation.name",
  provider: "gen_ai.provider.name",
  requestModel: "gen_ai.request.model",
  inputTokens: "gen_ai.usage.input_tokens",
  outputTokens: "gen_ai.usage.output_tokens",
  cachedTokens: "gen_ai.usage.cache_read.input_tokens",
  tokenType: "gen_ai.token.type",
  /** Seconds, as vLLM and SGLang have them. */
  timeInQueue: "gen_ai.latency.time_in_queue",
  timeToFirstToken: "gen_ai.latency.time_to_first_token",
  userHash: "user.hash",
  userName: "user.name",
  instance: "service.instance.id",
  id: "llm_gateway.id",
  requestId: "llm_gateway.request_id",
  dialect: "llm_gateway.dialect",
  isPublic: "llm_gateway.public",
  state: "llm_gateway.state",
  upstream: "llm_gateway.upstream",
  usageSource: "llm_gateway.usage.source",
  reasoningTokens: "llm_gateway.usage.reasoning_tokens",
  firstPlace: "llm_gateway.place.first",
  estimateSeconds: "llm_gateway.estimate.seconds",
  target: "llm_gateway.conversion.target",
} as const;

export const spanName = { wait: "wait in queue", conversion: "convert request" } as const;

export const metric = {
  tokens: "gen_ai.client.token.usage",
  /** From the slot to the end of the answer. */
  upstreamDuration: "gen_ai.client.operation.duration",
  duration: "gen_ai.server.request.duration",
  timeToFirstToken: "gen_ai.server.time_to_first_token",
  timePerOutputToken: "gen_ai.server.time_per_output_token",
} as const;

/** The bounds that the conventions advise. Tokens, seconds, seconds. */
export const bounds: Readonly<Record<"tokens" | "duration" | "firstToken" | "perToken", number[]>> =
  {
    tokens: [
      1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864,
    ],
    duration: [
      0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
    ],
    firstToken: [
      0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60,
      120, 300, 600,
    ],
    perToken: [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5],
  };

const operations: Readonly<Record<Exchange["dialect"], string | null>> = {
  chat: "chat",
  completions: "text_completion",
  responses: "chat",
  embeddings: "embeddings",
  rerank: "rerank",
  messages: "chat",
  gemini: "generate_content",
  llama: "text_completion",
  llama_embedding: "embeddings",
  ollama: "chat",
  ollama_generate: "text_completion",
  ollama_embed: "embeddings",
  ollama_embeddings: "embeddings",
  openai: null,
};

/** What a generation does; null where the conventions have no word for it. */
export function operationOf({ dialect, kind }: Exchange): string | null {
  return kind === "generation" ? operations[dialect] : null;
}

/** The conventions' name of a provider; a server of one's own has its own. */
export function providerName(provider: string): string {
  return provider === "google" ? "gcp.gemini" : provider;
}
