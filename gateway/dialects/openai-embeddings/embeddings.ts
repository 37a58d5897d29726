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

/** OpenAI's embeddings. */
export const embeddings: Dialect = {
  ...passingDialect,
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
  openRouter: { ...plainOpenRouter, apiType: "embeddings" },
};
