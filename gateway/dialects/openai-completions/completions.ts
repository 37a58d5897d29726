import type { JsonObject } from "../../json-object.ts";
import type { Dialect } from "../dialect.ts";
import { checkPresent } from "../field-checks.ts";
import { withIncludeUsage } from "../json/json-edit.ts";
import { isOnlyUsage, withoutNullUsage } from "../openai/openai-events.ts";
import {
  endsWithDone,
  modelInBody,
  nativeOnly,
  openAiFamily,
  openAiPaths,
  plainOpenRouter,
  plainPrompt,
} from "../openai/openai-family.ts";
import { createTopLevelRenamer } from "../openai/top-level-renamer.ts";
import { assembleCompletion } from "../openai-chat/assembly.ts";
import { openRouterErrorChunk } from "../openrouter/openrouter-error.ts";
import { textPlace } from "../place-words.ts";
import { createFieldReader } from "../request-fields.ts";
import { textsOf } from "../sse/event-scan.ts";

/** A list of numbers is one prompt in tokens; a list of texts or lists is several. */
function promptsOf({ prompt }: JsonObject): number {
  return Array.isArray(prompt) && typeof prompt[0] !== "number" ? Math.max(1, prompt.length) : 1;
}

/** OpenAI's text completions. */
export const completions: Dialect = {
  ...openAiFamily,
  name: "completions",
  paths: { ...openAiPaths, under: ["/v1/completions"], generations: ["/v1/completions"] },
  request: {
    ...modelInBody,
    read: createFieldReader({
      maxTokens: ["max_tokens"],
      check: (body) => checkPresent(body, ["prompt", "prompt_embeds"]),
      promptsOf,
    }),
  },
  prompt: {
    ...plainPrompt,
    fields: ["prompt", "suffix"],
    generates: true,
    conversation: "prompt",
    textField: "prompt",
  },
  events: { ...endsWithDone, generated: (event) => textsOf(event, 'text"') },
  answer: {
    isReadWhole: true,
    carriesRequestId: true,
    repeats: [],
    askedUsage: { ask: withIncludeUsage, isOnlyUsage, withoutNull: withoutNullUsage },
    assemble: assembleCompletion,
    progress: null,
    renamer: createTopLevelRenamer,
  },
  places: { event: textPlace, begins: null },
  upstreams: nativeOnly,
  openRouter: {
    ...plainOpenRouter,
    apiType: "completions",
    errorEvent: openRouterErrorChunk("text_completion", { text: "" }),
  },
};
