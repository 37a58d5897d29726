import type { Dialect, DialectPaths, DialectPrompt } from "../dialect.ts";
import { withModel } from "../json/json-edit.ts";
import { modelOfBody } from "../json/one-model.ts";
import { openAiRateLimit } from "../openai/rate-limit-names.ts";
import { openRouterErrorBody, openRouterErrorData } from "../openrouter/openrouter-error.ts";
import { ndjson } from "./ndjson-framing.ts";
import { ollamaErrors } from "./ollama-error.ts";
import { ollamaEvents, ollamaUsage } from "./ollama-events.ts";
import { ollamaOwn } from "./ollama-own.ts";

// What Ollama's calls have in common: its API documentation and source, release 0.21.0
// (https://docs.ollama.com/api, https://github.com/ollama/ollama/tree/main/api).

export const ollamaPaths: Omit<DialectPaths, "under" | "generations"> = {
  root: "/api/",
  questions: [],
  reads: [],
  // All other paths: they do not generate, since none of them reaches an upstream.
  readsUnder: ["/api/"],
  cancels: [],
  kindAt: null,
};

export const ollamaPrompt: Omit<DialectPrompt, "fields" | "isConversation" | "generates"> = {
  conversation: null,
  hasAgentItems: false,
  textField: null,
  llamaCountPath: null,
  isTemplated: false,
  count: null,
};

/** Ollama calls a model the same with `:latest` and without; its upstream does so itself. */
export const modelInBody: Omit<Dialect["request"], "read"> = {
  modelOf: modelOfBody,
  withModel,
  pathWithModel: (path) => path,
  fit: null,
};

export const ollamaFamily: Pick<
  Dialect,
  "framing" | "events" | "usage" | "answer" | "errors" | "headers" | "models" | "own" | "openRouter"
> = {
  framing: ndjson,
  events: ollamaEvents,
  usage: ollamaUsage,
  answer: {
    isReadWhole: true,
    carriesRequestId: false,
    repeats: [],
    askedUsage: null,
    assemble: null,
    progress: null,
    renamer: () => null,
  },
  errors: ollamaErrors,
  headers: { requestId: null, rateLimit: openAiRateLimit },
  // `/api/tags` is one of its own reads.
  models: null,
  own: ollamaOwn,
  openRouter: {
    apiType: null,
    errorBody: openRouterErrorBody,
    errorEvent: openRouterErrorData,
  },
};
