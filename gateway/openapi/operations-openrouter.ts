import type { Operation, Parameter } from "./operation.ts";
import { generationAt } from "./operations-models.ts";

const author: Parameter = { name: "author", in: "path", about: "The author of the model." };
const slug: Parameter = { name: "slug", in: "path", about: "Its name." };
const whole = { type: "integer", minimum: 0 };

const listParameters: readonly Parameter[] = [
  { name: "offset", in: "query", about: "How many models to skip.", schema: whole },
  { name: "limit", in: "query", about: "How many models to show; all by default.", schema: whole },
  { name: "q", in: "query", about: "Part of a name." },
  { name: "input_modalities", in: "query", about: "All of these: text,image" },
  { name: "output_modalities", in: "query", about: "All of these: text" },
  { name: "supported_parameters", in: "query", about: "All of these: tools,seed" },
];

function reading(path: string, summary: string, schema: string, more: object = {}): Operation {
  return {
    ...{ method: "get", path: `/api/v1/${path}`, summary, answer: { about: summary, schema } },
    ...{ tag: "OpenRouter", access: "key", errors: "OpenRouter" },
    ...more,
  };
}

/** What OpenRouter's clients ask for; `/api/v1` is `/v1` in OpenRouter's words. */
export const openRouterOperations: readonly Operation[] = [
  ...(["chat", "completions", "responses", "messages", "embeddings", "rerank"] as const).map(
    (dialect) => generationAt(dialect, "/api/v1/"),
  ),
  reading("models", "The models that your key may use, with prices", "OpenRouterModels", {
    parameters: listParameters,
  }),
  reading("models/count", "The number of models", "OpenRouterCount"),
  reading("models/user", "The models that your key may use", "OpenRouterModels"),
  reading("models/{author}/{slug}", "One model", "OpenRouterModel", {
    parameters: [author, slug],
  }),
  reading(
    "models/{author}/{slug}/endpoints",
    "The upstreams that serve a model",
    "OpenRouterEndpoints",
    {
      parameters: [author, slug],
    },
  ),
  reading("model/{author}/{slug}", "One model", "OpenRouterModelAnswer", {
    parameters: [author, slug],
  }),
  reading("key", "What your key may spend and has spent", "OpenRouterKey"),
  reading("auth/key", "The same as /api/v1/key", "OpenRouterKey"),
  reading("credits", "Your credit, and what you have spent", "OpenRouterCredits"),
  reading("generation", "What a generation used and cost", "OpenRouterGeneration", {
    parameters: [
      {
        ...{ name: "id", in: "query", isRequired: true, example: "the-id-of-an-answer" },
        about: "The generation's id, its request id, or the upstream's id.",
      },
    ],
  }),
  reading("providers", "The upstreams", "OpenRouterProviders"),
];
