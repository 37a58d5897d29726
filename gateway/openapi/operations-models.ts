import type { Operation, Parameter } from "./operation.ts";

const id: Parameter = { name: "id", in: "path", about: "A model's name; it may contain slashes." };
const question = { role: "user", content: "Why is the sky blue?" };

type Generated = "chat" | "completions" | "responses" | "messages" | "embeddings" | "rerank";

const anthropic = { tag: "Anthropic", errors: "Anthropic" } as const;

/** What a generation of each dialect is asked with, and answers. */
const generations: Readonly<
  Record<
    Generated,
    Pick<Operation, "path" | "summary" | "body" | "answer"> & Partial<typeof anthropic>
  >
> = {
  chat: {
    path: "chat/completions",
    summary: "Chat",
    body: { schema: "ChatRequest", example: { model: "llama", messages: [question] } },
    answer: { about: "The answer.", schema: "ChatAnswer", event: "ChatChunk", streams: "also" },
  },
  completions: {
    path: "completions",
    summary: "Text completion",
    body: { schema: "CompletionRequest", example: { model: "llama", prompt: "Once upon a time" } },
    answer: { about: "The rest of the text.", schema: "CompletionAnswer", streams: "also" },
  },
  responses: {
    path: "responses",
    summary: "OpenAI's Responses",
    body: { schema: "ResponsesRequest", example: { model: "llama", input: question.content } },
    answer: { about: "The response.", schema: "ResponsesAnswer", streams: "also" },
  },
  messages: {
    ...anthropic,
    path: "messages",
    summary: "Anthropic's Messages",
    body: {
      schema: "MessagesRequest",
      example: { model: "claude", max_tokens: 1024, messages: [question] },
    },
    answer: { about: "The message.", schema: "MessagesAnswer", streams: "also" },
  },
  embeddings: {
    path: "embeddings",
    summary: "Embeddings",
    body: { schema: "EmbeddingsRequest", example: { model: "embed", input: ["one", "two"] } },
    answer: { about: "A vector for each input.", schema: "EmbeddingsAnswer" },
  },
  rerank: {
    path: "rerank",
    summary: "Sorts documents by how well they answer a query",
    body: {
      schema: "RerankRequest",
      example: { model: "rerank", query: "sky", documents: ["blue", "green"] },
    },
    answer: { about: "The documents, best first.", schema: "RerankAnswer" },
  },
};

/** A generation below `/v1/` or, in OpenRouter's words, below `/api/v1/`. */
export function generationAt(dialect: Generated, prefix: "/v1/" | "/api/v1/"): Operation {
  const { path, tag = "OpenAI", errors = null, ...rest } = generations[dialect];
  const isAlias = prefix === "/api/v1/";
  return {
    ...rest,
    method: "post",
    path: prefix + path,
    tag: isAlias ? "OpenRouter" : tag,
    access: "key",
    // Anthropic's clients keep Anthropic's form there.
    errors: errors ?? (isAlias ? "OpenRouter" : "OpenAi"),
    generates: true,
  };
}

const openai = { tag: "OpenAI", access: "key", errors: "OpenAi" } as const;
const gemini = { tag: "Gemini", access: "key", errors: "Gemini", method: "post" } as const;
const geminiModel: Parameter = {
  name: "model",
  in: "path",
  about: "A name that GET /v1/models lists.",
};
const contents = [{ role: "user", parts: [{ text: question.content }] }];

/** What is asked of models, in the words of OpenAI, Anthropic and Gemini. */
export const modelOperations: readonly Operation[] = [
  ...(["chat", "completions", "responses", "embeddings", "rerank"] as const).map((dialect) =>
    generationAt(dialect, "/v1/"),
  ),
  {
    ...openai,
    ...{ method: "get", path: "/v1/models", summary: "The models that your key may use" },
    answer: { about: "The models.", schema: "ModelList" },
  },
  {
    ...openai,
    ...{ method: "get", path: "/v1/models/{id}", summary: "One model", parameters: [id] },
    answer: { about: "The model.", schema: "Model" },
  },
  generationAt("messages", "/v1/"),
  {
    ...{ method: "post", path: "/v1/messages/count_tokens", tag: "Anthropic", access: "key" },
    errors: "Anthropic",
    summary: "Counts the tokens of a prompt",
    body: { schema: "CountTokensRequest", example: { model: "claude", messages: [question] } },
    answer: { about: "Its length.", schema: "CountTokensAnswer" },
  },
  {
    ...gemini,
    path: "/v1beta/models/{model}:generateContent",
    summary: "Gemini's generateContent",
    generates: true,
    parameters: [geminiModel],
    body: { schema: "GeminiRequest", example: { contents } },
    answer: { about: "The answer.", schema: "GeminiAnswer" },
  },
  {
    ...gemini,
    path: "/v1beta/models/{model}:streamGenerateContent",
    summary: "The same as a stream",
    generates: true,
    parameters: [
      geminiModel,
      { name: "alt", in: "query", about: "sse for server-sent events.", example: "sse" },
    ],
    body: { schema: "GeminiRequest", example: { contents } },
    answer: { about: "The answer in pieces.", event: "GeminiAnswer", streams: "only" },
  },
  {
    ...gemini,
    path: "/v1beta/models/{model}:countTokens",
    summary: "Counts the tokens of a prompt",
    parameters: [geminiModel],
    body: { schema: "GeminiCountRequest", example: { contents } },
    answer: { about: "Its length.", schema: "GeminiCountAnswer" },
  },
];
