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

/** OpenAI's embeddings. */
export const embeddings: Dialect = {
  ...openAiFamily,
  name: "embeddings",
  paths: { ...openAiPaths, under: ["/v1/embeddings"], generations: ["/v1/embeddings"] },
  request: {
    ...modelInBody,
    read: createFieldReader({
      maxTokens: [],
      check: (body) => checkPresent(body, ["input", "content", "messages"]),
    }),
  },
  prompt: { ...plainPrompt, fields: ["input", "messages"], generates: false, textField: "input" },
  events: openEnded,
  answer: passingAnswer,
  upstreams: nativeOnly,
  openRouter: { ...plainOpenRouter, apiType: "embeddings" },
};
