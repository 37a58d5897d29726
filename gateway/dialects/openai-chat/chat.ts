import type { Dialect } from "../dialect.ts";
import { withIncludeUsage } from "../json/json-edit.ts";
import { isOnlyUsage, withoutNullUsage } from "../openai/openai-events.ts";
import {
  endsWithDone,
  modelInBody,
  openAiFamily,
  openAiPaths,
  plainOpenRouter,
} from "../openai/openai-family.ts";
import { createTopLevelRenamer } from "../openai/top-level-renamer.ts";
import { openRouterErrorChunk } from "../openrouter/openrouter-error.ts";
import { chatPlace } from "../place-words.ts";
import { createFieldReader } from "../request-fields.ts";
import { assembleChat } from "./assembly.ts";
import { checkChat } from "./chat-request.ts";
import { createProgressTeller } from "./progress-events.ts";

/** OpenAI's chat completions. */
export const chat: Dialect = {
  ...openAiFamily,
  name: "chat",
  paths: {
    ...openAiPaths,
    under: ["/v1/chat/completions"],
    generations: ["/v1/chat/completions"],
    questions: ["/v1/chat/completions/input_tokens"],
    // llama.cpp: acts on a generation that runs; waiting behind it would be a deadlock.
    reads: ["/v1/chat/completions/control"],
    cancels: ["/v1/chat/completions/"],
  },
  request: {
    ...modelInBody,
    read: createFieldReader({
      maxTokens: ["max_completion_tokens", "max_tokens"],
      check: checkChat,
    }),
  },
  prompt: {
    fields: ["messages"],
    isConversation: true,
    hasAgentItems: true,
    generates: true,
    conversation: { system: [], turns: "messages", parts: "content", rolesOptional: false },
    textField: null,
    llamaCountPath: "/v1/chat/completions/input_tokens",
    isTemplated: true,
    count: null,
  },
  events: endsWithDone,
  answer: {
    isReadWhole: true,
    carriesRequestId: true,
    repeats: [],
    askedUsage: { ask: withIncludeUsage, isOnlyUsage, withoutNull: withoutNullUsage },
    assemble: assembleChat,
    progress: createProgressTeller,
    renamer: createTopLevelRenamer,
  },
  places: { event: chatPlace, begins: null },
  upstreams: {
    native: ["openai"],
    onlyOllama: false,
    ownOf: "openai",
    conversion: {
      takes: (path) => path === "/v1/chat/completions",
      load: async () => (await import("./chat-translator.ts")).chatTranslator,
    },
  },
  openRouter: {
    ...plainOpenRouter,
    apiType: "completions",
    errorEvent: openRouterErrorChunk("chat.completion.chunk", { delta: { content: "" } }),
  },
};
