import type { Dialect } from "../dialect.ts";
import { asciiJson } from "../json/ascii-json.ts";
import { openAiError, openAiErrors } from "../openai/openai-error.ts";
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
import { isErrorEvent, isNamed, says } from "../sse/event-scan.ts";
import { createResponseRenamer } from "./response-renamer.ts";
import { responsesPlaces } from "./responses-place.ts";

const isFailure = (event: string): boolean => isNamed(event, "response.failed");

function isLast(event: string): boolean {
  if (isNamed(event, "response.completed") || isNamed(event, "response.incomplete")) return true;
  return isFailure(event) || (!event.startsWith("event:") && isDone(event));
}

const errorEvent = (body: object): string => `event: error\ndata: ${asciiJson(body)}\n\n`;

/** OpenAI's Responses. */
export const responses: Dialect = {
  ...openAiFamily,
  name: "responses",
  paths: {
    ...openAiPaths,
    under: ["/v1/responses"],
    generations: ["/v1/responses"],
    questions: ["/v1/responses/input_tokens"],
    cancels: ["/v1/responses/"],
  },
  request: {
    ...modelInBody,
    read: createFieldReader({ maxTokens: ["max_output_tokens"], check: () => {} }),
  },
  prompt: {
    fields: ["input", "instructions"],
    isConversation: true,
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
    isError: isErrorEvent,
    isFailure,
    carriesToken: (event) => says(event, 'delta"'),
    carriesUsage,
  },
  answer: {
    ...passingAnswer,
    isReadWhole: true,
    renamer: (_requestId, begun) => (begun === null ? null : createResponseRenamer(begun)),
  },
  places: responsesPlaces,
  errors: {
    ...openAiErrors,
    // Clients look for the `event:` line. The AI SDK takes an error only with a number as
    // `sequence_number` and a string as `code`.
    event: (error, _requestId, events) =>
      errorEvent({ type: "error", sequence_number: events, error: openAiError(error) }),
    isRaised: (event, body) => event.startsWith("event:") && body.type === "error",
  },
  upstreams: {
    native: ["openai"],
    ownOf: null,
    conversion: {
      takes: () => true,
      load: async () => (await import("./responses-translator.ts")).responsesTranslator,
    },
  },
  openRouter: {
    ...plainOpenRouter,
    apiType: "completions",
    errorEvent(error, { events }) {
      const { message, param, type, shownCode: code } = error;
      return errorEvent({
        type: "error",
        sequence_number: events,
        ...{ code, message, param, error_type: openRouterErrorType(error) },
        error: { message, type, param, code },
      });
    },
  },
};
