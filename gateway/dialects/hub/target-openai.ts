import type { SharedV4ProviderOptions } from "@ai-sdk/provider";
import type { HubRequest } from "./hub.ts";
import type { Target } from "./target.ts";
import { withFilesBehindResults } from "./target-openai-results.ts";
import { withHints, withOneSystem } from "./target-prompt.ts";

const provider = "openaiCompatible";

/** Models that refuse `max_tokens`; all others know it, some nothing else. */
const newLimit = /^(?:o\d|gpt-5)/;

/** Gemini behind an OpenAI form wants its proofs back with the calls; nobody else has them. */
function keep(hints: SharedV4ProviderOptions, kind: string): SharedV4ProviderOptions | undefined {
  const own = hints[provider];
  if (kind === "request") return own === undefined ? undefined : { [provider]: own };
  const proof = kind === "tool-call" ? hints.google?.thoughtSignature : undefined;
  return proof === undefined ? undefined : { google: { thoughtSignature: proof } };
}

/** The provider drops `topK`. As an extra field it passes to servers that may know it. */
function withTopK(options: HubRequest["options"]): HubRequest["options"] {
  const { topK, ...rest } = options;
  if (topK === undefined) return options;
  const own = { ...rest.providerOptions?.[provider], top_k: topK };
  return { ...rest, providerOptions: { ...rest.providerOptions, [provider]: own } };
}

/** The field that limits the answer, by the name that this model knows. */
function withLimit(body: Record<string, unknown>): Record<string, unknown> {
  const { max_tokens, model, ...rest } = body;
  if (max_tokens === undefined || !newLimit.test(String(model))) return body;
  return { model, max_completion_tokens: max_tokens, ...rest };
}

/** OpenAI chat, llama.cpp, vLLM, Ollama, and servers with the same API. */
export const openaiTarget: Target = {
  prepare(options, { strictFields }) {
    const own = withHints(withFilesBehindResults(withOneSystem(options)), keep);
    return strictFields ? own : withTopK(own);
  },

  async model({ baseUrl, model, fetch }) {
    const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
    return createOpenAICompatible({
      name: provider,
      baseURL: `${baseUrl}/v1`,
      fetch,
      includeUsage: true,
      // Without it a JSON schema would silently become "some JSON".
      supportsStructuredOutputs: true,
      transformRequestBody: withLimit,
    }).chatModel(model);
  },
};
