import type { Dialect } from "../dialect.ts";
import { modelInBody, openAiPaths, passingDialect, plainPrompt } from "../openai/openai-family.ts";
import { readModels } from "../request-fields.ts";

/**
 * Every other path of the OpenAI family: audio, images, files, batches, and what is still unknown.
 * No body is known here; at most its model is read.
 */
export const otherOpenAi: Dialect = {
  ...passingDialect,
  name: "openai",
  paths: {
    ...openAiPaths,
    under: [],
    generations: [],
    questions: [
      "/v1/tokenize",
      "/v1/detokenize",
      "/v1/apply-template",
      "/v1/models/load",
      "/v1/models/unload",
    ],
    reads: ["/v1/files", "/v1/uploads", "/v1/streams/lookup"],
    readsUnder: ["/v1/files/", "/v1/uploads/"],
    cancels: ["/v1/batches/", "/v1/fine_tuning/jobs/"],
  },
  request: { ...modelInBody, read: readModels },
  prompt: { ...plainPrompt, fields: [], generates: true },
  models: {
    path: "/v1/models",
    isMeantBy: () => false,
    one: (model) => model,
    all: (models) => ({ object: "list", data: models }),
  },
};
