import type { Dialect } from "../dialect.ts";
import { checkPresent } from "../field-checks.ts";
import {
  modelInBody,
  openAiPaths,
  passingDialect,
  plainOpenRouter,
  plainPrompt,
} from "../openai/openai-family.ts";
import { createFieldReader } from "../request-fields.ts";

/** Documents by how well they answer a query, as llama.cpp and vLLM take it. */
export const rerank: Dialect = {
  ...passingDialect,
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
  openRouter: { ...plainOpenRouter, apiType: "rerank" },
};
