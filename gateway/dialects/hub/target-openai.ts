import type { SharedV4ProviderOptions } from "@ai-sdk/provider";
import { fitNames, type NameRules } from "./fit-names.ts";
import { fitSchemas } from "./fit-schemas.ts";
import { fitTurns } from "./fit-turns.ts";
import type { HubOptions, Message } from "./parts-hub.ts";
import type { Target, TargetSettings } from "./target.ts";
import { effortFor } from "./target-openai-effort.ts";
import { withFilesBehindResults } from "./target-openai-results.ts";
import { withHints, withOneSystem } from "./target-prompt.ts";
import { withFewStops } from "./target-stops.ts";
import { fittedUser } from "./target-user.ts";

const provider = "openaiCompatible";

/** @see https://platform.openai.com/docs/api-reference/chat/create */
const names: NameRules = {
  foreign: /[^a-zA-Z0-9_-]/,
  longest: 64,
  beginsWithLetter: false,
  longestId: 40,
};

const mostStops = 4;

/** Fields that name a user or a conversation, which OpenAI limits in length. */
const labels = ["user", "safety_identifier", "prompt_cache_key"];
const longestLabel = 64;

/** Models that refuse `max_tokens`; all others know it, some nothing else. */
const newLimit = /^(?:o\d|gpt-[5-9])/;

/** Gemini behind an OpenAI form wants its proofs back with the calls; nobody else has them. */
function keep(hints: SharedV4ProviderOptions, kind: string): SharedV4ProviderOptions | undefined {
  const own = hints[provider];
  if (kind === "request") return own === undefined ? undefined : { [provider]: own };
  const proof = kind === "tool-call" ? hints.google?.thoughtSignature : undefined;
  return proof === undefined ? undefined : { google: { thoughtSignature: proof } };
}

/** OpenAI's own API takes neither thoughts nor anybody's proofs back. */
function withoutThoughts(options: HubOptions): HubOptions {
  const prompt = options.prompt.flatMap((message): Message[] => {
    if (message.role !== "assistant") return [message];
    const content = message.content.filter((part) => part.type !== "reasoning");
    return content.length === 0 ? [] : [{ ...message, content }];
  });
  return { ...options, prompt };
}

function withOwnHints(options: HubOptions, words: SharedV4ProviderOptions[string]): HubOptions {
  const own = { ...options.providerOptions?.[provider], ...words };
  return { ...options, providerOptions: { ...options.providerOptions, [provider]: own } };
}

/** The provider drops `topK`. As an extra field it passes to servers that may know it. */
function withTopK(options: HubOptions): HubOptions {
  const { topK, ...rest } = options;
  return topK === undefined ? options : withOwnHints(rest, { top_k: topK });
}

function withShortLabels(options: HubOptions): HubOptions {
  const own = options.providerOptions?.[provider] ?? {};
  const long = labels.flatMap((name) => {
    const value = own[name];
    const isLong = typeof value === "string" && value.length > longestLabel;
    return isLong ? [[name, fittedUser(value, longestLabel)] as const] : [];
  });
  return long.length === 0 ? options : withOwnHints(options, Object.fromEntries(long));
}

/** The field that limits the answer, by the name that this model knows. */
function withLimit(body: Record<string, unknown>): Record<string, unknown> {
  const { max_tokens, model, ...rest } = body;
  if (max_tokens === undefined || !newLimit.test(String(model))) return body;
  return { model, max_completion_tokens: max_tokens, ...rest };
}

/** OpenAI chat, llama.cpp, vLLM, Ollama, and servers with the same API. */
export const openaiTarget: Target = {
  prepare(options, { strictFields, takesThoughts, model }) {
    const own = withHints(withFilesBehindResults(options), keep);
    const said = takesThoughts ? own : withHints(withoutThoughts(own), justRequest);
    const turned = fitSchemas(withShortLabels(withOneSystem(fitTurns(said))));
    if (!strictFields) return { ...fitNames(withTopK(turned), names), lost: [], told: [] };
    const { options: stopping, lost } = withFewStops(turned, mostStops);
    const { options: fitting, lost: effort } = effortFor(stopping, model);
    return { ...fitNames(fitting, names), lost: [...lost, ...effort], told: [] };
  },

  model: async (settings) => (await providerOf(settings)).chatModel(settings.model),

  embeddings: async (settings) => (await providerOf(settings)).embeddingModel(settings.model),
};

async function providerOf({ baseUrl, fetch }: Pick<TargetSettings, "baseUrl" | "fetch">) {
  const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
  return createOpenAICompatible({
    name: provider,
    baseURL: `${baseUrl}/v1`,
    fetch,
    includeUsage: true,
    // Without it a JSON schema would silently become "some JSON".
    supportsStructuredOutputs: true,
    transformRequestBody: withLimit,
  });
}

function justRequest(
  hints: SharedV4ProviderOptions,
  kind: string,
): SharedV4ProviderOptions | undefined {
  return kind === "request" ? hints : undefined;
}
