import { jsonText } from "../../json-object.ts";
import { fitNames, type NameRules } from "./fit-names.ts";
import { fitSchemas } from "./fit-schemas.ts";
import { fitArguments, fitOpening, fitTurns, withoutBlankTexts } from "./fit-turns.ts";
import type { HubOptions } from "./parts-hub.ts";
import type { Target } from "./target.ts";
import { withThinking } from "./target-anthropic-thinking.ts";
import { hintsFor, withHints } from "./target-prompt.ts";
import { withFewStops } from "./target-stops.ts";
import { fittedUser } from "./target-user.ts";

const provider = "anthropic";

/** @see https://docs.claude.com/en/api/messages */
const names: NameRules = {
  foreign: /[^a-zA-Z0-9_-]/,
  longest: 128,
  beginsWithLetter: false,
  longestId: 64,
};

const longestUser = 256;

/** Values that change nothing are no loss: many clients always send them. */
function withoutIdle(options: HubOptions): HubOptions {
  const { frequencyPenalty, presencePenalty, temperature, topP, ...rest } = options;
  return {
    ...rest,
    ...(frequencyPenalty ? { frequencyPenalty } : {}),
    ...(presencePenalty ? { presencePenalty } : {}),
    ...(temperature === undefined || temperature === 1 ? {} : { temperature }),
    ...(topP === undefined || topP === 1 ? {} : { topP }),
  };
}

/** JSON without a schema, for which Anthropic has no field. */
function withJsonAsked(options: HubOptions): HubOptions {
  const { responseFormat, ...rest } = options;
  if (responseFormat?.type !== "json" || responseFormat.schema !== undefined) return options;
  const content = "Answer with one JSON object and nothing else: no other text, no code fence.";
  const begin = options.prompt.findIndex(({ role }) => role !== "system");
  const prompt = [...options.prompt];
  prompt.splice(begin < 0 ? prompt.length : begin, 0, { role: "system", content });
  return { ...rest, prompt };
}

function withFittedUser(hints: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { metadata } = hints;
  const user = typeof metadata === "object" && metadata !== null && "userId" in metadata;
  if (!user) return { ...hints };
  return { ...hints, metadata: { userId: fittedUser(jsonText(metadata.userId), longestUser) } };
}

/** Anthropic's Messages. */
export const anthropicTarget: Target = {
  prepare(options, { defaultMaxTokens, model }) {
    const asked = withJsonAsked(withoutIdle(options));
    const turned = fitOpening(fitTurns(withoutBlankTexts(asked)));
    const own = withHints(turned, hintsFor(provider));
    const limit = own.maxOutputTokens ?? defaultMaxTokens;
    const limited = limit === null ? own : { ...own, maxOutputTokens: limit };
    const { options: thinking, told } = withThinking(limited, model);
    const isSaid = (stop: string): boolean => stop.trim() !== "";
    const { options: stopping, lost } = withFewStops(thinking, 8192, isSaid);
    const hints = withFittedUser(stopping.providerOptions?.[provider] ?? {});
    // Else the provider marks each tool with a field that not every server of this API knows.
    const providerOptions = { [provider]: { ...hints, toolStreaming: false } };
    const fitting = fitSchemas(fitArguments({ ...stopping, providerOptions } as HubOptions));
    return { ...fitNames(fitting, names), lost, told };
  },

  async model({ baseUrl, model, fetch }) {
    const { createAnthropic } = await import("@ai-sdk/anthropic");
    // The key is put in where the request leaves; the provider only insists on one.
    const anthropic = createAnthropic({ baseURL: `${baseUrl}/v1`, apiKey: "unused", fetch });
    return anthropic(model);
  },

  embeddings: null,
};
