import type { Dialect } from "../dialect.ts";
import { carriesUsage, isDone } from "../openai/openai-events.ts";
import {
  modelInBody,
  openAiFamily,
  openAiPaths,
  passingAnswer,
  plainOpenRouter,
} from "../openai/openai-family.ts";
import { openRouterErrorType } from "../openrouter/openrouter-error.ts";
import { createFieldReader } from "../request-fields.ts";
import { isErrorEvent, isNamed, textsOf } from "../sse/event-scan.ts";
import { assembleResponse } from "./assembled-response.ts";
import { repeatedFields } from "./response-object.ts";
import { createResponseReader, createResponseRenamer } from "./response-renamer.ts";
import { responsesErrorEvent, responsesErrors } from "./responses-error.ts";
import { responsesPlaces } from "./responses-place.ts";
import { storedInBody } from "./stored-use.ts";

const isFailure = (event: string): boolean => isNamed(event, "response.failed");

function isLast(event: string): boolean {
  if (isNamed(event, "response.completed") || isNamed(event, "response.incomplete")) return true;
  return isFailure(event);
}

/** OpenAI's Responses. */
export const responses: Dialect = {
  ...openAiFamily,
  name: "responses",
  paths: {
    ...openAiPaths,
    under: ["/v1/responses", "/v1/conversations"],
    generations: ["/v1/responses", "/v1/responses/compact"],
    questions: ["/v1/responses/input_tokens"],
    cancels: ["/v1/responses/"],
  },
  request: {
    ...modelInBody,
    read: createFieldReader({
      maxTokens: ["max_output_tokens"],
      check: () => {},
      storedIn: storedInBody,
    }),
  },
  prompt: {
    fields: ["input", "instructions"],
    isConversation: true,
    hasAgentItems: true,
    generates: true,
    conversation: {
      system: ["instructions"],
      turns: "input",
      parts: "content",
      rolesOptional: false,
    },
    textField: null,
    llamaCountPath: "/v1/responses/input_tokens",
    isTemplated: false,
    count: null,
  },
  events: {
    isLast,
    hasLast: true,
    endedChoices: () => [],
    missingLast: "",
    isMute: isDone,
    isError: isErrorEvent,
    isFailure,
    generated: (event) => textsOf(event, 'delta"'),
    carriesUsage,
  },
  answer: {
    ...passingAnswer,
    isReadWhole: true,
    assemble: assembleResponse,
    repeats: repeatedFields,
    renamer: (_requestId, begun) =>
      begun === null ? createResponseReader() : createResponseRenamer(begun),
  },
  places: responsesPlaces,
  errors: responsesErrors,
  upstreams: {
    native: ["openai"],
    onlyOllama: false,
    ownOf: null,
    conversion: {
      takes: (path) => path === "/v1/responses",
      load: async () => (await import("./responses-translator.ts")).responsesTranslator,
    },
  },
  openRouter: {
    ...plainOpenRouter,
    apiType: "completions",
    errorEvent: (error, stream) =>
      responsesErrorEvent(error, stream, { error_type: openRouterErrorType(error) }),
  },
};
