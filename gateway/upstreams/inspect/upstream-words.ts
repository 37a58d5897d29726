import { isJsonObject, type JsonObject } from "../../json-object.ts";
import type { ServerType } from "../upstream.ts";

/** How doctor asks a server of each family, and how it reads the answers. */
export type UpstreamWords = {
  readonly speaks: string;
  readonly modelsPath: string;
  /** Null if the body is not a list of models. */
  readonly modelsIn: (body: unknown) => string[] | null;
  readonly chatPath: (model: string) => string;
  readonly chatBody: (model: string, maxTokens: number) => JsonObject;
  /** Whether an event of a stream reports the tokens used. */
  readonly counts: (event: JsonObject) => boolean;
};

const question = "Count from one to one hundred, in words.";
const messages = [{ role: "user", content: question }];

const openai: UpstreamWords = {
  speaks: "OpenAI's API",
  modelsPath: "/v1/models",
  modelsIn: (body) => {
    if (!isJsonObject(body) || !Array.isArray(body.data)) return null;
    return body.data.flatMap((model) => (isJsonObject(model) ? [String(model.id)] : []));
  },
  chatPath: () => "/v1/chat/completions",
  chatBody: (model, max_tokens) => {
    return { model, messages, max_tokens, stream: true, stream_options: { include_usage: true } };
  },
  counts: ({ usage, timings }) => isJsonObject(usage) || isJsonObject(timings),
};

const anthropic: UpstreamWords = {
  ...openai,
  speaks: "Anthropic's API",
  modelsPath: "/v1/models?limit=100",
  chatPath: () => "/v1/messages",
  chatBody: (model, max_tokens) => ({ model, messages, max_tokens, stream: true }),
  counts: ({ usage }) => isJsonObject(usage),
};

const google: UpstreamWords = {
  speaks: "Gemini's API",
  modelsPath: "/v1beta/models?pageSize=100",
  modelsIn: (body) => {
    if (!isJsonObject(body) || !Array.isArray(body.models)) return null;
    const models = body.models.filter(isJsonObject).filter((model) => {
      const methods = model.supportedGenerationMethods;
      return !Array.isArray(methods) || methods.includes("generateContent");
    });
    return models.map(({ name }) => String(name).replace(/^models\//, ""));
  },
  chatPath: (model) => `/v1beta/models/${model}:streamGenerateContent?alt=sse`,
  chatBody: (_, maxOutputTokens) => {
    return { contents: [{ parts: [{ text: question }] }], generationConfig: { maxOutputTokens } };
  },
  counts: ({ usageMetadata }) => isJsonObject(usageMetadata),
};

export function wordsOf(type: ServerType): UpstreamWords {
  return type === "anthropic" ? anthropic : type === "google" ? google : openai;
}

/**
 * The type of the cloud provider that gave this list of models, if the type set is OpenAI's or
 * compatible with it; else null.
 */
export function otherType(type: ServerType, body: unknown): ServerType | null {
  if (wordsOf(type) !== openai || !isJsonObject(body)) return null;
  if (!Array.isArray(body.data)) return Array.isArray(body.models) ? "google" : null;
  const first: unknown = body.data[0];
  const isAnthropic = isJsonObject(first) && first.type === "model" && first.object === undefined;
  return isAnthropic ? "anthropic" : null;
}
