import { z } from "zod";
import type { Schemas } from "./schemas.ts";

const price = z.string().describe("US dollars per token, as a plain decimal: 0.000008");
const tokens = z.int().nullable();

const model = z.looseObject({
  id: z.string(),
  canonical_slug: z.string(),
  name: z.string(),
  created: z.int(),
  description: z.string(),
  context_length: z.int(),
  architecture: z.looseObject({
    modality: z.string(),
    input_modalities: z.array(z.string()),
    output_modalities: z.array(z.string()),
  }),
  pricing: z.looseObject({ prompt: price, completion: price }),
  top_provider: z.looseObject({ is_moderated: z.boolean(), max_completion_tokens: tokens }),
  per_request_limits: z.null(),
  supported_parameters: z.array(z.string()),
  links: z.object({ details: z.string() }),
});

const endpoints = z.object({
  data: z.looseObject({
    id: z.string(),
    name: z.string(),
    endpoints: z.array(z.looseObject({ name: z.string(), provider_name: z.string() })),
  }),
});

const dollars = z.number().describe("US dollars.");

const key = z.object({
  data: z.looseObject({
    label: z.string().describe("The key's first characters."),
    limit: dollars.nullable(),
    limit_remaining: dollars.nullable(),
    limit_reset: z.string().nullable(),
    usage: dollars,
    usage_daily: dollars,
    usage_weekly: dollars.describe("Since Monday, UTC."),
    usage_monthly: dollars,
    rate_limit: z.looseObject({ requests: z.number(), interval: z.string() }),
  }),
});

const generation = z.object({
  data: z.looseObject({
    id: z.string(),
    upstream_id: z.string().nullable(),
    created_at: z.iso.datetime(),
    model: z.string(),
    provider_name: z.string().nullable(),
    streamed: z.boolean(),
    cancelled: z.boolean(),
    latency: z.number().nullable().describe("Milliseconds, queue wait included."),
    generation_time: z.number().nullable().describe("Milliseconds at the upstream."),
    tokens_prompt: tokens,
    tokens_completion: tokens,
    total_cost: dollars,
  }),
});

export const openRouterSchemas: Schemas = {
  OpenRouterModel: model,
  OpenRouterModelAnswer: z.object({ data: model }),
  OpenRouterModels: z.object({
    data: z.array(model),
    total_count: z.int(),
    links: z.object({ next: z.string().nullable() }),
  }),
  OpenRouterCount: z.object({ data: z.object({ count: z.int() }) }),
  OpenRouterEndpoints: endpoints,
  OpenRouterKey: key,
  OpenRouterCredits: z.object({ data: z.object({ total_credits: dollars, total_usage: dollars }) }),
  OpenRouterGeneration: generation,
  OpenRouterProviders: z.object({
    data: z.array(z.looseObject({ name: z.string(), slug: z.string() })),
  }),
};
