import { z } from "zod";
import type { Schemas } from "./schemas.ts";
import { modelName } from "./schemas-chat.ts";

const responsesRequest = z.looseObject({
  model: modelName,
  input: z.union([z.string(), z.array(z.looseObject({}))]),
  instructions: z.string().optional(),
  stream: z.boolean().optional(),
  max_output_tokens: z.int().optional(),
  tools: z.array(z.looseObject({ type: z.string() })).optional(),
  reasoning: z.looseObject({ effort: z.string().optional() }).optional(),
  text: z.looseObject({}).optional(),
});

const responsesAnswer = z.looseObject({
  id: z.string(),
  object: z.literal("response"),
  created_at: z.number(),
  status: z.string(),
  model: z.string(),
  output: z.array(z.looseObject({ type: z.string() })),
  usage: z.looseObject({ input_tokens: z.int(), output_tokens: z.int() }).nullable().optional(),
});

const embeddingsRequest = z.looseObject({
  model: modelName,
  input: z.union([z.string(), z.array(z.unknown())]),
  encoding_format: z.enum(["float", "base64"]).optional(),
  dimensions: z.int().optional(),
});

const embeddingsAnswer = z.looseObject({
  object: z.literal("list"),
  model: z.string(),
  data: z.array(
    z.looseObject({ index: z.int(), embedding: z.union([z.array(z.number()), z.string()]) }),
  ),
});

const rerankRequest = z.looseObject({
  model: modelName.optional(),
  query: z.string(),
  documents: z.array(z.union([z.string(), z.looseObject({})])),
  top_n: z.int().optional(),
});

const rerankAnswer = z.looseObject({
  results: z.array(z.looseObject({ index: z.int(), relevance_score: z.number() })),
});

const model = z
  .looseObject({
    id: z.string(),
    object: z.literal("model"),
    created: z.int().describe("Unix seconds; 0 if the upstream does not say."),
    owned_by: z.string(),
  })
  .describe("A model, with the other fields of its upstream.");

const models = z.object({ object: z.literal("list"), data: z.array(model) });

export const openaiSchemas: Schemas = {
  ResponsesRequest: responsesRequest,
  ResponsesAnswer: responsesAnswer,
  EmbeddingsRequest: embeddingsRequest,
  EmbeddingsAnswer: embeddingsAnswer,
  RerankRequest: rerankRequest,
  RerankAnswer: rerankAnswer,
  Model: model,
  ModelList: models,
};
