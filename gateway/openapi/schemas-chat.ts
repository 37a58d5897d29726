import { z } from "zod";
import type { Schemas } from "./schemas.ts";

export const modelName: z.ZodType = z
  .string()
  .max(1024)
  .describe("A name that GET /v1/models lists.");

export const usage: z.ZodType = z
  .looseObject({
    prompt_tokens: z.int(),
    completion_tokens: z.int(),
    total_tokens: z.int(),
    prompt_tokens_details: z.looseObject({ cached_tokens: z.int().optional() }).optional(),
    completion_tokens_details: z.looseObject({ reasoning_tokens: z.int().optional() }).optional(),
    cost: z.number().optional().describe("US dollars; below /api/v1 only."),
  })
  .describe("Used tokens.");

const message = z.looseObject({
  role: z.enum(["system", "developer", "user", "assistant", "tool", "function"]),
  content: z
    .union([z.string(), z.array(z.looseObject({ type: z.string() }))])
    .nullable()
    .optional()
    .describe("A text, or parts: text, image_url, input_audio, file."),
  tool_calls: z.array(z.looseObject({})).optional(),
  tool_call_id: z.string().optional(),
});

const tool = z.looseObject({
  type: z.literal("function"),
  function: z.looseObject({
    name: z.string(),
    description: z.string().optional(),
    parameters: z.looseObject({}).optional().describe("A JSON Schema."),
  }),
});

/** What every way of generating text shares. */
const sampling = {
  stream: z
    .boolean()
    .optional()
    .describe("Send the answer as server-sent events while it is generated."),
  max_tokens: z.int().optional().describe("The most tokens of an answer."),
  temperature: z.number().optional(),
  top_p: z.number().optional(),
  stop: z.union([z.string(), z.array(z.string())]).optional(),
  seed: z.int().optional(),
  n: z
    .int()
    .min(1)
    .optional()
    .describe("Number of choices; only 1 if the upstream has another API."),
  stream_options: z.looseObject({ include_usage: z.boolean().optional() }).optional(),
};

const chatRequest = z
  .looseObject({
    model: modelName,
    messages: z.array(message).min(1),
    ...sampling,
    max_completion_tokens: z.int().optional(),
    tools: z.array(tool).optional(),
    tool_choice: z.union([z.string(), z.looseObject({})]).optional(),
    response_format: z.looseObject({ type: z.string() }).optional(),
    reasoning_effort: z.string().optional(),
  })
  .describe("Other fields are sent to the upstream unchanged.");

const head = { id: z.string(), created: z.int(), model: z.string(), usage: usage.optional() };
const finish = z.string().nullable().describe("stop, length, tool_calls, content_filter");

const chatAnswer = z.looseObject({
  ...head,
  object: z.literal("chat.completion"),
  choices: z.array(z.looseObject({ index: z.int(), message, finish_reason: finish })),
});

const chatChunk = z
  .looseObject({
    ...head,
    object: z.literal("chat.completion.chunk"),
    choices: z.array(
      z.looseObject({ index: z.int(), delta: z.looseObject({}), finish_reason: finish }),
    ),
    queue: z
      .looseObject({
        position: z.int(),
        of: z.int(),
        eta_seconds: z.number().nullable(),
        eta_low_seconds: z.number().optional(),
        eta_high_seconds: z.number().optional(),
        message: z.string(),
      })
      .optional()
      .describe("The place in the queue, in chunks before the first token."),
  })
  .describe("The data of one event; the last event is [DONE].");

const completionRequest = z.looseObject({
  model: modelName,
  prompt: z.union([z.string(), z.array(z.unknown())]),
  suffix: z.string().optional(),
  ...sampling,
});

const completionAnswer = z.looseObject({
  ...head,
  object: z.literal("text_completion"),
  choices: z.array(z.looseObject({ index: z.int(), text: z.string(), finish_reason: finish })),
});

export const chatSchemas: Schemas = {
  ChatRequest: chatRequest,
  ChatAnswer: chatAnswer,
  ChatChunk: chatChunk,
  CompletionRequest: completionRequest,
  CompletionAnswer: completionAnswer,
  Usage: usage,
};
