import type {
  Dialect,
  DialectAnswer,
  DialectEvents,
  DialectPaths,
  DialectPrompt,
} from "../dialect.ts";
import { withModel } from "../json/json-edit.ts";
import { modelOfBody } from "../json/one-model.ts";
import { openRouterErrorBody, openRouterErrorData } from "../openrouter/openrouter-error.ts";
import { isErrorEvent } from "../sse/event-scan.ts";
import { sse } from "../sse/sse-framing.ts";
import { commonUsage } from "../usage.ts";
import { openAiErrors } from "./openai-error.ts";
import { carriesUsage, chatText, endedChoices, isDone } from "./openai-events.ts";
import { openAiRateLimit } from "./rate-limit-names.ts";

// What the APIs of the OpenAI family have in common. Each dialect says the rest itself.

export const openAiFamily: Pick<
  Dialect,
  "framing" | "usage" | "places" | "errors" | "headers" | "models" | "own"
> = {
  framing: sse,
  usage: commonUsage,
  places: { event: () => null, begins: null },
  errors: openAiErrors,
  headers: { requestId: null, rateLimit: openAiRateLimit },
  models: null,
  own: null,
};

export const openAiPaths: Omit<DialectPaths, "under" | "generations"> = {
  root: "/v1/",
  questions: [],
  reads: [],
  readsUnder: [],
  cancels: [],
  kindAt: null,
};

/** The model stands in the body. */
export const modelInBody: Omit<Dialect["request"], "read"> = {
  modelOf: modelOfBody,
  withModel,
  pathWithModel: (path) => path,
  fit: null,
};

/** A prompt that is not a conversation. */
export const plainPrompt: Omit<DialectPrompt, "fields" | "generates"> = {
  isConversation: false,
  hasAgentItems: false,
  conversation: null,
  textField: null,
  llamaCountPath: null,
  isTemplated: false,
  count: null,
};

/** Streams of which the gateway knows no last event. */
export const openEnded: DialectEvents = {
  isLast: isDone,
  hasLast: false,
  endedChoices: () => [],
  missingLast: "",
  isMute: () => false,
  isError: isErrorEvent,
  isFailure: () => false,
  generated: chatText,
  carriesUsage,
};

/** Streams of chat and text completions end with `[DONE]`. */
export const endsWithDone: DialectEvents = {
  ...openEnded,
  hasLast: true,
  endedChoices,
  missingLast: "data: [DONE]\n\n",
};

/** Answers that pass unread. */
export const passingAnswer: DialectAnswer = {
  isReadWhole: false,
  carriesRequestId: false,
  repeats: [],
  askedUsage: null,
  assemble: null,
  progress: null,
  renamer: () => null,
};

/** Only servers of the OpenAI family take it, and it is not converted. */
export const nativeOnly: Dialect["upstreams"] = {
  native: ["openai"],
  onlyOllama: false,
  ownOf: null,
  conversion: null,
};

export const plainOpenRouter: Omit<Dialect["openRouter"], "apiType"> = {
  errorBody: openRouterErrorBody,
  errorEvent: openRouterErrorData,
};

/** An API whose answers pass unread, and that is not converted. */
export const passingDialect: typeof openAiFamily &
  Pick<Dialect, "events" | "answer" | "upstreams" | "openRouter"> = {
  ...openAiFamily,
  events: openEnded,
  answer: passingAnswer,
  upstreams: nativeOnly,
  openRouter: { ...plainOpenRouter, apiType: null },
};
