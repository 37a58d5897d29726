import type { JsonObject } from "../../json-object.ts";
import type { Dialect, DialectHeaders } from "../dialect.ts";
import { checkPresent, optionalList } from "../field-checks.ts";
import { asciiJson } from "../json/ascii-json.ts";
import { withModel } from "../json/json-edit.ts";
import { modelOfBody } from "../json/one-model.ts";
import { carriesUsage, isDone } from "../openai/openai-events.ts";
import { openAiRateLimit } from "../openai/rate-limit-names.ts";
import { withOpenRouterType } from "../openrouter/openrouter-error.ts";
import { queueField } from "../place-words.ts";
import { createFieldReader } from "../request-fields.ts";
import { isErrorEvent, isNamed, says, textsOf } from "../sse/event-scan.ts";
import { sse } from "../sse/sse-framing.ts";
import { commonUsage } from "../usage.ts";
import { anthropicModels } from "./anthropic-models.ts";
import { assembleMessage } from "./assembled-message.ts";
import { fitMessages } from "./fit-messages.ts";
import { messagesErrors } from "./messages-error.ts";

function check(body: JsonObject): void {
  // llama-server takes an empty list here, and generates.
  checkPresent(body, ["messages"]);
  optionalList(body, "messages");
}

const texts = ['text"', 'thinking"', 'partial_json"'];

/** The kinds of limits that Anthropic has headers for (docs.claude.com/en/api/rate-limits). */
const limitKinds: ReadonlySet<string> = new Set(["requests", "tokens"]);

const headers: DialectHeaders = {
  requestId: "request-id",
  rateLimit(kind) {
    if (!limitKinds.has(kind)) return openAiRateLimit(kind);
    const name = `anthropic-ratelimit-${kind}`;
    return {
      limit: `${name}-limit`,
      remaining: `${name}-remaining`,
      reset: `${name}-reset`,
      resetAs: "instant",
    };
  },
};

/** Anthropic's Messages. */
export const messages: Dialect = {
  name: "messages",
  paths: {
    root: "/v1/",
    under: ["/v1/messages"],
    generations: ["/v1/messages"],
    questions: ["/v1/messages/count_tokens"],
    reads: [],
    readsUnder: [],
    cancels: ["/v1/messages/batches/"],
    kindAt: null,
  },
  request: {
    read: createFieldReader({ maxTokens: ["max_tokens"], check }),
    modelOf: modelOfBody,
    withModel,
    pathWithModel: (path) => path,
    fit: fitMessages,
  },
  prompt: {
    fields: ["messages", "system"],
    isConversation: true,
    hasAgentItems: false,
    generates: true,
    conversation: {
      system: ["system"],
      turns: "messages",
      parts: "content",
      rolesOptional: false,
    },
    textField: null,
    llamaCountPath: "/v1/messages/count_tokens",
    isTemplated: false,
    count: { converts: true, answer: (tokens) => ({ input_tokens: tokens }) },
  },
  framing: sse,
  usage: commonUsage,
  events: {
    isLast: (event) => isNamed(event, "message_stop"),
    hasLast: true,
    endedChoices: (event) =>
      says(event, 'stop_reason"') && isNamed(event, "message_delta") ? [0] : [],
    missingLast: 'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    isMute: isDone,
    isError: isErrorEvent,
    isFailure: () => false,
    generated: (event) =>
      isNamed(event, "content_block_delta") ? texts.map((key) => textsOf(event, key)).join("") : "",
    carriesUsage,
  },
  answer: {
    isReadWhole: true,
    carriesRequestId: false,
    repeats: [],
    askedUsage: null,
    assemble: assembleMessage,
    progress: null,
    renamer: () => null,
  },
  places: {
    event: (note) =>
      `event: ping\ndata: ${asciiJson({ type: "ping", queue: queueField(note) })}\n\n`,
    begins: null,
  },
  errors: messagesErrors,
  headers,
  upstreams: {
    native: ["anthropic", "openai"],
    onlyOllama: false,
    ownOf: "anthropic",
    conversion: {
      takes: (path) => path === "/v1/messages",
      load: async () => (await import("./messages-translator.ts")).messagesTranslator,
    },
  },
  models: anthropicModels,
  own: null,
  // Anthropic's clients keep Anthropic's form there.
  openRouter: {
    apiType: "completions",
    errorBody: (error, requestId) => messagesErrors.body(withOpenRouterType(error), requestId),
    errorEvent: (error, stream) => messagesErrors.event(withOpenRouterType(error), stream),
  },
};
