import { z } from "zod";
import type { Schemas } from "./schemas.ts";
import { modelName } from "./schemas-chat.ts";

const blocks = z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]);
const turns = z.array(z.looseObject({ role: z.enum(["user", "assistant"]), content: blocks }));

const countTokensRequest = z.looseObject({
  model: modelName,
  messages: turns,
  system: blocks.optional(),
  tools: z.array(z.looseObject({ name: z.string() })).optional(),
});

const messagesRequest = countTokensRequest.extend({
  max_tokens: z.int().describe("The most tokens of an answer."),
  stream: z.boolean().optional(),
  temperature: z.number().optional(),
  stop_sequences: z.array(z.string()).optional(),
  thinking: z.looseObject({ type: z.string() }).optional(),
});

const messagesAnswer = z.looseObject({
  id: z.string(),
  type: z.literal("message"),
  role: z.literal("assistant"),
  model: z.string(),
  content: z.array(z.looseObject({ type: z.string() })),
  stop_reason: z.string().nullable(),
  usage: z.looseObject({ input_tokens: z.int(), output_tokens: z.int() }),
});

const content = z.looseObject({
  role: z.string().optional(),
  parts: z.array(z.looseObject({ text: z.string().optional() })),
});

const geminiRequest = z.looseObject({
  contents: z.array(content),
  systemInstruction: content.optional(),
  tools: z.array(z.looseObject({})).optional(),
  generationConfig: z
    .looseObject({ maxOutputTokens: z.int().optional(), temperature: z.number().optional() })
    .optional(),
});

const geminiAnswer = z.looseObject({
  candidates: z.array(
    z.looseObject({ content: content.optional(), finishReason: z.string().optional() }),
  ),
  usageMetadata: z.looseObject({ promptTokenCount: z.int().optional() }).optional(),
  modelVersion: z.string().optional(),
});

/** llama-server's own bodies have dozens of fields, which its documentation names. */
const llamaRequest = z.looseObject({
  model: modelName.optional(),
  prompt: z.unknown().optional(),
  n_predict: z.int().optional().describe("The most tokens of an answer."),
  stream: z.boolean().optional(),
});

export const otherSchemas: Schemas = {
  LlamaRequest: llamaRequest,
  LlamaAnswer: z.looseObject({}),
  MessagesRequest: messagesRequest,
  MessagesAnswer: messagesAnswer,
  CountTokensRequest: countTokensRequest,
  CountTokensAnswer: z.looseObject({ input_tokens: z.int() }),
  GeminiRequest: geminiRequest,
  GeminiAnswer: geminiAnswer,
  GeminiCountRequest: z.looseObject({ contents: z.array(content) }),
  GeminiCountAnswer: z.looseObject({ totalTokens: z.int() }),
};
