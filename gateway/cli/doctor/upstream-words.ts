import type { UpstreamType } from "../../settings/routing-settings.ts";
import { isMembers, type Members } from "./members.ts";

/** How a server of each family is asked, and what it answers. */
export type UpstreamWords = {
  readonly speaks: string;
  readonly modelsPath: string;
  readonly keyHeaders: (key: string) => Record<string, string>;
  /** Null where it is no list of models. */
  readonly modelsIn: (body: unknown) => string[] | null;
  readonly chatPath: (model: string) => string;
  readonly chatBody: (model: string, maxTokens: number) => Members;
  /** Whether an event of a stream tells what was used. */
  readonly counts: (event: Members) => boolean;
};

const question = "Count from one to one hundred, in words.";
const messages = [{ role: "user", content: question }];

const openai: UpstreamWords = {
  speaks: "OpenAI's dialect",
  modelsPath: "/v1/models",
  keyHeaders: (key) => ({ authorization: `Bearer ${key}` }),
  modelsIn: (body) => {
    if (!isMembers(body) || !Array.isArray(body.data)) return null;
    return body.data.flatMap((model) => (isMembers(model) ? [String(model.id)] : []));
  },
  chatPath: () => "/v1/chat/completions",
  chatBody: (model, max_tokens) => {
    return { model, messages, max_tokens, stream: true, stream_options: { include_usage: true } };
  },
  counts: ({ usage, timings }) => isMembers(usage) || isMembers(timings),
};

const anthropic: UpstreamWords = {
  ...openai,
  speaks: "Anthropic's dialect",
  modelsPath: "/v1/models?limit=100",
  keyHeaders: (key) => ({ "x-api-key": key, "anthropic-version": "2023-06-01" }),
  chatPath: () => "/v1/messages",
  chatBody: (model, max_tokens) => ({ model, messages, max_tokens, stream: true }),
  counts: ({ usage }) => isMembers(usage),
};

const google: UpstreamWords = {
  speaks: "Gemini's dialect",
  modelsPath: "/v1beta/models?pageSize=100",
  keyHeaders: (key) => ({ "x-goog-api-key": key }),
  modelsIn: (body) => {
    if (!isMembers(body) || !Array.isArray(body.models)) return null;
    const models = body.models.filter(isMembers).filter((model) => {
      const methods = model.supportedGenerationMethods;
      return !Array.isArray(methods) || methods.includes("generateContent");
    });
    return models.map(({ name }) => String(name).replace(/^models\//, ""));
  },
  chatPath: (model) => `/v1beta/models/${model}:streamGenerateContent?alt=sse`,
  chatBody: (_, maxOutputTokens) => {
    return { contents: [{ parts: [{ text: question }] }], generationConfig: { maxOutputTokens } };
  },
  counts: ({ usageMetadata }) => isMembers(usageMetadata),
};

export function wordsOf(type: UpstreamType): UpstreamWords {
  return type === "anthropic" ? anthropic : type === "google" ? google : openai;
}

/**
 * The type of a cloud whose words an answer is in, where the type set is OpenAI's or its like; else
 * null.
 */
export function otherType(type: UpstreamType, body: unknown): UpstreamType | null {
  if (wordsOf(type) !== openai || !isMembers(body)) return null;
  if (!Array.isArray(body.data)) return Array.isArray(body.models) ? "google" : null;
  const first: unknown = body.data[0];
  const isAnthropic = isMembers(first) && first.type === "model" && first.object === undefined;
  return isAnthropic ? "anthropic" : null;
}
