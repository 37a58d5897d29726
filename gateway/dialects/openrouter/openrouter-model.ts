import type { ModelFacts } from "./openrouter-model-facts.ts";
import { openRouterPricing } from "./openrouter-price.ts";

/** The path below which this shape stands. */
const models = "/api/v1/models";

/** `author/slug`: a name that has no author of its own gets its owner's. */
export const slugOf = ({ id, author }: Pick<ModelFacts, "id" | "author">): string =>
  id.includes("/") ? id : `${author}/${id}`;

function architecture({ inputs, outputs }: ModelFacts): Record<string, unknown> {
  return {
    modality: `${inputs.join("+")}->${outputs.join("+")}`,
    input_modalities: inputs,
    output_modalities: outputs,
    tokenizer: "Other",
    instruct_type: null,
  };
}

/** A model as OpenRouter lists it, every required key there (OpenRouter's OpenAPI, `Model`). */
export function openRouterModel(facts: ModelFacts): Record<string, unknown> {
  const slug = slugOf(facts);
  const path = slug.split("/").map(encodeURIComponent).join("/");
  return {
    id: facts.id,
    canonical_slug: slug,
    hugging_face_id: facts.huggingFaceId,
    name: facts.name,
    created: facts.created,
    description: facts.description,
    context_length: facts.contextLength,
    architecture: architecture(facts),
    pricing: openRouterPricing(facts.price),
    top_provider: {
      context_length: facts.contextLength,
      max_completion_tokens: facts.maxOutput,
      is_moderated: false,
    },
    per_request_limits: null,
    supported_parameters: facts.parameters,
    default_parameters: null,
    supported_voices: null,
    links: { details: `${models}/${path}/endpoints` },
  };
}

/** A model and its providers (`GET /api/v1/models/{author}/{slug}/endpoints`). */
export function openRouterEndpoints(facts: ModelFacts): Record<string, unknown> {
  const has = (name: string): boolean => facts.parameters.includes(name);
  const choice = has("tool_choice");
  return {
    id: facts.id,
    name: facts.name,
    created: facts.created,
    description: facts.description,
    architecture: architecture(facts),
    endpoints: [
      {
        name: `${facts.author} | ${facts.id}`,
        model_id: facts.id,
        model_name: facts.name,
        provider_name: facts.author,
        tag: facts.author,
        context_length: facts.contextLength,
        max_completion_tokens: facts.maxOutput,
        max_prompt_tokens: null,
        pricing: openRouterPricing(facts.price),
        quantization: null,
        status: 0,
        supported_parameters: facts.parameters,
        supports_implicit_caching: true,
        supports_tool_choice: { auto: choice, none: choice, required: choice, function: choice },
        supports_voice_cloning: false,
        uptime_last_5m: null,
        uptime_last_30m: null,
        uptime_last_1d: null,
        latency_last_30m: null,
        throughput_last_30m: null,
      },
    ],
  };
}

/** Which part of a list is asked for, and which models of it. */
export type ModelsAsked = Readonly<{
  offset: number;
  /** null: all. */
  limit: number | null;
  /** Part of an id or name, in lower case; `""` is any. */
  search: string;
  /** All of these must be among a model's own. */
  inputs: readonly string[];
  outputs: readonly string[];
  parameters: readonly string[];
}>;

/** True for a model that a list was asked for. */
export function isAsked(facts: ModelFacts, asked: ModelsAsked): boolean {
  const { search, inputs, outputs, parameters } = asked;
  const hasAll = (own: readonly string[], wanted: readonly string[]): boolean =>
    wanted.every((one) => own.includes(one));
  return (
    `${facts.id}\n${facts.name}`.toLowerCase().includes(search) &&
    hasAll(facts.inputs, inputs) &&
    hasAll(facts.outputs, outputs) &&
    hasAll(facts.parameters, parameters)
  );
}

/** OpenRouter's list; `next` is where the rest of it is. */
export function openRouterModels(
  facts: readonly ModelFacts[],
  asked: ModelsAsked,
): Record<string, unknown> {
  const { offset, limit } = asked;
  const found = facts.filter((one) => isAsked(one, asked));
  const end = limit === null ? found.length : offset + limit;
  const next = end < found.length ? `${models}?offset=${end}&limit=${limit}` : null;
  return {
    data: found.slice(offset, end).map(openRouterModel),
    total_count: found.length,
    links: { next },
  };
}
