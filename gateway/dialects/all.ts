import { messages } from "./anthropic/messages.ts";
import type { Dialect } from "./dialect.ts";
import { gemini } from "./gemini/gemini.ts";
import { llamaCompletion, llamaEmbedding } from "./llama/llama.ts";
import { ollamaChat, ollamaEmbed, ollamaEmbeddings, ollamaGenerate } from "./ollama/ollama.ts";
import { chat } from "./openai-chat/chat.ts";
import { completions } from "./openai-completions/completions.ts";
import { embeddings } from "./openai-embeddings/embeddings.ts";
import { otherOpenAi } from "./openai-other/other-openai.ts";
import { rerank } from "./openai-rerank/rerank.ts";
import { responses } from "./openai-responses/responses.ts";

/** Every dialect, by its name. A new one is a folder and a line here. */
export const dialects = {
  chat: chat as Dialect,
  completions: completions as Dialect,
  responses: responses as Dialect,
  embeddings: embeddings as Dialect,
  rerank: rerank as Dialect,
  messages: messages as Dialect,
  gemini: gemini as Dialect,
  llama: llamaCompletion as Dialect,
  llama_embedding: llamaEmbedding as Dialect,
  ollama: ollamaChat as Dialect,
  ollama_generate: ollamaGenerate as Dialect,
  ollama_embed: ollamaEmbed as Dialect,
  ollama_embeddings: ollamaEmbeddings as Dialect,
  /** Any other path of the OpenAI family. */
  openai: otherOpenAi as Dialect,
};

export type DialectName = keyof typeof dialects;
