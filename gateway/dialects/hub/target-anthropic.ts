import { isJsonObject } from "../../json-object.ts";
import type { HubRequest } from "./hub.ts";
import type { Target } from "./target.ts";
import { hintsFor, withHints, withSystemFirst } from "./target-prompt.ts";

type Options = HubRequest["options"];

const provider = "anthropic";

/**
 * The most tokens, as every other dialect counts them: thoughts included. The provider adds the
 * budget of the thoughts to them.
 */
function limitOf(options: Options, defaultMaxTokens: number): number {
  const limit = options.maxOutputTokens;
  if (limit === undefined) return defaultMaxTokens;
  const thinking = options.providerOptions?.[provider]?.thinking;
  const budget = isJsonObject(thinking) ? thinking.budgetTokens : null;
  return typeof budget === "number" && budget < limit ? limit - budget : limit;
}

/** Anthropic's Messages. */
export const anthropicTarget: Target = {
  prepare(options, { defaultMaxTokens }) {
    const own = withHints(withSystemFirst(options), hintsFor(provider));
    return {
      ...own,
      maxOutputTokens: limitOf(options, defaultMaxTokens),
      providerOptions: {
        // Else the provider marks each tool with a field that not every server of this API knows.
        [provider]: { ...own.providerOptions?.[provider], toolStreaming: false },
      },
    };
  },

  async model({ baseUrl, model, fetch }) {
    const { createAnthropic } = await import("@ai-sdk/anthropic");
    // The key is put in where the request leaves; the provider only insists on one.
    const anthropic = createAnthropic({ baseURL: `${baseUrl}/v1`, apiKey: "unused", fetch });
    return anthropic(model);
  },
};
