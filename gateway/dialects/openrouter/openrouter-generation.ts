import { type DialectName, dialects } from "../all.ts";

/**
 * A generation as the ledger has it. Times in milliseconds, cost in US dollars; unknown is null.
 */
export type GenerationRecord = Readonly<{
  /** Ours, and the one its client was shown. */
  id: string;
  requestId: string;
  upstreamId: string | null;
  /** The name of the upstream that served it. */
  upstream: string;
  model: string | null;
  dialect: DialectName;
  streamed: boolean;
  /** Since the epoch. */
  startedAt: number;
  state: string;
  durationMs: number | null;
  upstreamMs: number | null;
  input: number | null;
  output: number | null;
  cached: number | null;
  reasoning: number | null;
  cost: number | null;
}>;

/** What OpenRouter tells of a generation and we do not know, or do not have. */
const unknown = {
  session_id: null,
  router: null,
  provider_responses: null,
  finish_reason: null,
  native_finish_reason: null,
  moderation_latency: null,
  native_tokens_completion_images: null,
  num_media_prompt: null,
  num_media_completion: null,
  num_input_audio_prompt: null,
  num_search_results: null,
  num_fetches: null,
  web_search_engine: null,
  upstream_inference_cost: null,
  cache_discount: null,
  is_byok: false,
  origin: "",
  http_referer: null,
  user_agent: null,
  external_user: null,
  app_id: null,
  preset_id: null,
  service_tier: null,
  data_region: "global",
  workspace_id: null,
  response_cache_source_id: null,
};

/** `GET /api/v1/generation`, every required key there. */
export function openRouterGeneration(record: GenerationRecord): Record<string, unknown> {
  const { input, output } = record;
  return {
    ...unknown,
    id: record.requestId,
    request_id: record.id,
    upstream_id: record.upstreamId,
    created_at: new Date(record.startedAt).toISOString(),
    model: record.model ?? "",
    provider_name: record.upstream,
    // A row may be of a version that had another dialect.
    api_type: dialects[record.dialect]?.openRouter.apiType ?? null,
    streamed: record.streamed,
    cancelled: record.state === "cancelled",
    latency: record.durationMs,
    generation_time: record.upstreamMs,
    tokens_prompt: input,
    tokens_completion: output,
    native_tokens_prompt: input,
    native_tokens_completion: output,
    native_tokens_reasoning: record.reasoning,
    native_tokens_cached: record.cached,
    total_cost: record.cost ?? 0,
    usage: record.cost ?? 0,
  };
}
