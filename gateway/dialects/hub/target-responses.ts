import { fitNames, type NameRules } from "./fit-names.ts";
import { fitSchemas } from "./fit-schemas.ts";
import { fitTurns } from "./fit-turns.ts";
import type { HubOptions, Message } from "./parts-hub.ts";
import type { Target } from "./target.ts";
import { effortFor } from "./target-openai-effort.ts";
import { withHints, withOneSystem } from "./target-prompt.ts";
import { fittedUser } from "./target-user.ts";

/** @see https://platform.openai.com/docs/api-reference/responses/create */
const names: NameRules = {
  foreign: /[^a-zA-Z0-9_-]/,
  longest: 64,
  beginsWithLetter: false,
  longestId: 64,
};

const longestLabel = 64;

/** What chat calls a hint, and the provider of Responses. */
const hintNames: Readonly<Record<string, string>> = {
  user: "user",
  safety_identifier: "safetyIdentifier",
  prompt_cache_key: "promptCacheKey",
  prompt_cache_retention: "promptCacheRetention",
  service_tier: "serviceTier",
  parallel_tool_calls: "parallelToolCalls",
  textVerbosity: "textVerbosity",
  strictJsonSchema: "strictJsonSchema",
};

const labels: ReadonlySet<string> = new Set(["user", "safetyIdentifier", "promptCacheKey"]);

/** Nothing is kept there: every turn sends its whole conversation. */
function openaiHints({ providerOptions, reasoning }: HubOptions) {
  const asked = Object.entries(providerOptions?.openaiCompatible ?? {});
  const known = asked.flatMap(([name, value]) => {
    const hint = Object.hasOwn(hintNames, name) ? hintNames[name] : undefined;
    if (hint === undefined) return [];
    const isLabel = labels.has(hint) && typeof value === "string";
    return [[hint, isLabel ? fittedUser(value, longestLabel) : value] as const];
  });
  const summary =
    reasoning === undefined || reasoning === "none" ? {} : { reasoningSummary: "auto" };
  return { openai: { ...Object.fromEntries(known), ...summary, store: false } };
}

/** Thoughts of others, which the API cannot take. */
function withoutThoughts(options: HubOptions): HubOptions {
  const prompt = options.prompt.flatMap((message): Message[] => {
    if (message.role !== "assistant") return [message];
    const content = message.content.filter((part) => part.type !== "reasoning");
    return content.length === 0 ? [] : [{ ...message, content }];
  });
  return { ...options, prompt };
}

/** Zero asks for nothing; the API has no field for it. */
function withoutIdle(options: HubOptions): HubOptions {
  const { frequencyPenalty, presencePenalty, ...rest } = options;
  return {
    ...rest,
    ...(frequencyPenalty ? { frequencyPenalty } : {}),
    ...(presencePenalty ? { presencePenalty } : {}),
  };
}

/** OpenAI's Responses, which take tools together with an effort. */
export const responsesTarget: Target = {
  prepare(options, { model, strictFields }) {
    const hints = openaiHints(options);
    const bare = withHints(withoutThoughts(withoutIdle(options)), () => undefined);
    const turned = fitSchemas(withOneSystem(fitTurns(bare)));
    const { options: fitting, lost } = strictFields
      ? effortFor(turned, model)
      : { options: turned, lost: [] };
    const fitted = fitNames({ ...fitting, providerOptions: hints } as HubOptions, names);
    return { ...fitted, lost, told: [] };
  },

  // Embeddings have one form in OpenAI's API, which needs no conversion.
  embeddings: null,

  async model({ baseUrl, model, fetch }) {
    const { createOpenAI } = await import("@ai-sdk/openai");
    // The key is put in where the request leaves; the provider only insists on one.
    return createOpenAI({ baseURL: `${baseUrl}/v1`, apiKey: "unused", fetch }).responses(model);
  },
};
