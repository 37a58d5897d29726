import type { Dialect } from "../dialect.ts";
import { checkPresent } from "../field-checks.ts";
import {
  modelInBody,
  nativeOnly,
  openAiFamily,
  openAiPaths,
  openEnded,
  passingAnswer,
  plainOpenRouter,
  plainPrompt,
} from "../openai/openai-family.ts";
import { createFieldReader } from "../request-fields.ts";

/** Documents by how well they answer a query, as llama.cpp and vLLM take it. */
export const rerank: Dialect = {
  ...openAiFamily,
  name: "rerank",
  paths: {
    ...openAiPaths,
    under: ["/v1/rerank", "/v1/reranking", "/reranking"],
    // The last is llama-server's own.
    generations: ["/v1/rerank", "/v1/reranking", "/reranking"],
  },
  request: {
    ...modelInBody,
    read: createFieldReader({
      maxTokens: [],
      check: (body) => checkPresent(body, ["query"]),
    }),
  },
  prompt: { ...plainPrompt, fields: ["query", "documents"], generates: false },
  events: openEnded,
  answer: passingAnswer,
  upstreams: nativeOnly,
  openRouter: { ...plainOpenRouter, apiType: "rerank" },
};
