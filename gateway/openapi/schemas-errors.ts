import { z } from "zod";
import type { Schemas } from "./schemas.ts";

const openai = z
  .object({
    error: z.looseObject({
      message: z.string(),
      type: z.string().describe("The family: invalid_request_error, rate_limit_error, …"),
      param: z.string().nullable().describe("The wrong field, such as messages[2].content"),
      code: z.string().nullable().describe("The error for programs, such as model_not_found"),
    }),
  })
  .describe("An error, as OpenAI writes it.");

const anthropic = z
  .object({
    type: z.literal("error"),
    error: z.looseObject({ type: z.string(), message: z.string() }),
    request_id: z.string().nullable(),
  })
  .describe("An error, as Anthropic writes it.");

const gemini = z
  .object({
    error: z.looseObject({
      code: z.int().describe("The HTTP status."),
      message: z.string(),
      status: z.string().describe("A name of google.rpc.Code."),
    }),
  })
  .describe("An error, as Gemini writes it.");

const openrouter = z
  .object({
    error: z.looseObject({
      code: z.int().describe("The HTTP status, as a number."),
      message: z.string(),
      type: z.string(),
      metadata: z.looseObject({ error_type: z.string(), provider_code: z.string().optional() }),
    }),
  })
  .describe("An error, as OpenRouter writes it.");

export const errorSchemas: Schemas = {
  OpenAiError: openai,
  AnthropicError: anthropic,
  GeminiError: gemini,
  OpenRouterError: openrouter,
};
