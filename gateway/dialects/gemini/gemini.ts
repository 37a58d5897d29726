import type { Dialect } from "../dialect.ts";
import { carriesUsage } from "../openai/openai-events.ts";
import { openAiRateLimit } from "../openai/rate-limit-names.ts";
import { openRouterErrorBody, openRouterErrorData } from "../openrouter/openrouter-error.ts";
import { readModels } from "../request-fields.ts";
import { eventData } from "../sse/event-data.ts";
import { holds, isErrorEvent, says, textsOf } from "../sse/event-scan.ts";
import { commonUsage } from "../usage.ts";
import { assembleGemini } from "./assembled-gemini.ts";
import { geminiErrors } from "./gemini-error.ts";
import { withGeminiModel } from "./gemini-path.ts";
import { geminiFields } from "./gemini-request.ts";
import { geminiPlace, geminiSse } from "./gemini-sse.ts";
import { geminiTarget } from "./gemini-target.ts";

/** Google's generateContent and its kin. The model stands in the path. */
export const gemini: Dialect = {
  name: "gemini",
  paths: {
    root: "/v1beta/",
    under: ["/v1beta"],
    generations: [],
    questions: [],
    reads: [],
    readsUnder: [],
    cancels: [],
    kindAt(path) {
      const target = geminiTarget(path);
      if (target === null) return null;
      return target.verb === "countTokens" ? "question" : "generation";
    },
  },
  request: {
    read(bytes, { path, query }) {
      const target = geminiTarget(path, query);
      return target === null ? readModels(bytes) : geminiFields(bytes, target);
    },
    modelOf: (_bytes, path) => geminiTarget(path)?.model ?? null,
    withModel: (bytes) => bytes,
    pathWithModel: withGeminiModel,
    fit: null,
  },
  prompt: {
    fields: ["contents", "systemInstruction", "system_instruction"],
    isConversation: true,
    hasAgentItems: false,
    generates: true,
    conversation: {
      system: ["systemInstruction", "system_instruction"],
      turns: "contents",
      parts: "parts",
      rolesOptional: true,
    },
    textField: null,
    llamaCountPath: null,
    isTemplated: false,
    count: { converts: false, answer: (tokens) => ({ totalTokens: tokens }) },
  },
  framing: geminiSse,
  usage: commonUsage,
  events: {
    // No event says that it is the last: the last chunk says why the answer ends, or why the
    // prompt was refused.
    isLast: (event) => says(event, 'finishReason"') || says(event, 'blockReason"'),
    hasLast: false,
    endedChoices: () => [],
    missingLast: "",
    isMute: () => false,
    isError: isErrorEvent,
    isFailure: () => false,
    // A call comes whole, as an object.
    generated: (event) =>
      textsOf(event, 'text"') + (holds(event, 'functionCall"', 0x7b) ? eventData(event) : ""),
    carriesUsage,
  },
  answer: {
    isReadWhole: true,
    carriesRequestId: false,
    repeats: [],
    askedUsage: null,
    assemble: assembleGemini,
    progress: null,
    renamer: () => null,
  },
  places: { event: geminiPlace, begins: null },
  errors: geminiErrors,
  headers: { requestId: null, rateLimit: openAiRateLimit },
  upstreams: {
    native: ["google"],
    onlyOllama: false,
    ownOf: "google",
    conversion: {
      // Of Gemini's questions only those for text have a form elsewhere.
      takes: (path) => !/:(?:batchE|e)mbedContents?$/.test(path),
      load: async () => (await import("./gemini-translator.ts")).geminiTranslator,
    },
  },
  models: {
    path: "/v1beta/models",
    // Google's own client asks below `/v1` too, with its own header and no other.
    isMeantBy({ authorization, "x-api-key": key, "x-goog-api-key": googles }) {
      return googles !== undefined && authorization === undefined && key === undefined;
    },
    // As Google's `ListModels` has it (ai.google.dev/api/models).
    one: ({ id }) => ({
      name: `models/${id}`,
      displayName: id,
      supportedGenerationMethods: ["generateContent", "streamGenerateContent", "countTokens"],
    }),
    all: (models) => ({ models }),
  },
  own: null,
  openRouter: {
    apiType: "completions",
    errorBody: openRouterErrorBody,
    errorEvent: openRouterErrorData,
  },
};
