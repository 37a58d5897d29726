/** LiteLLM's prefixes of model names, for providers with an API that the gateway supports. */
type ForeignProvider = {
  type: string;
  /** Its address without `api_base`; null: `api_base` is required. */
  url: string | null;
};

const openai = (url: string | null): ForeignProvider => ({ type: "openai", url });

const providers: ReadonlyMap<string, ForeignProvider> = new Map([
  ["openai", openai("https://api.openai.com")],
  ["text-completion-openai", openai("https://api.openai.com")],
  ["anthropic", { type: "anthropic", url: "https://api.anthropic.com" }],
  ["gemini", { type: "google", url: "https://generativelanguage.googleapis.com" }],
  ["ollama", { type: "ollama", url: "http://localhost:11434" }],
  ["ollama_chat", { type: "ollama", url: "http://localhost:11434" }],
  ["hosted_vllm", { type: "vllm", url: null }],
  ["lm_studio", openai(null)],
  ["llamafile", openai(null)],
  ["openai_like", openai(null)],
  ["custom_openai", openai(null)],
  ["openrouter", openai("https://openrouter.ai/api")],
  ["groq", openai("https://api.groq.com/openai")],
  ["deepseek", openai("https://api.deepseek.com")],
  ["mistral", openai("https://api.mistral.ai")],
  ["together_ai", openai("https://api.together.xyz")],
  ["xai", openai("https://api.x.ai")],
]);

/** These have other APIs, with or without `api_base`. */
const foreign =
  /^(azure|azure_ai|bedrock|sagemaker|vertex_ai|cohere|cohere_chat|huggingface|replicate|watsonx|databricks|snowflake)$/;

export type Meant = { provider: string; type: string; url: string | null; model: string };

/**
 * `openai/gpt-4o` → openai and gpt-4o. Without a known prefix the whole text is the name of the
 * model: on the server at `api_base`, else at the provider of its family. Null for an API that the
 * gateway does not support.
 */
export function meantBy(
  text: string,
  given: { base: string | null; by: string | null },
): Meant | null {
  const slash = text.indexOf("/");
  const prefix = given.by ?? (slash > 0 ? text.slice(0, slash) : "");
  const hasPrefix = slash > 0 && text.slice(0, slash) === prefix;
  if (foreign.test(prefix)) return null;
  const known = providers.get(prefix);
  if (known !== undefined) {
    return { provider: prefix, ...known, model: hasPrefix ? text.slice(slash + 1) : text };
  }
  if (given.base !== null) return { provider: "openai", type: "openai", url: null, model: text };
  const family = /^(gpt-|chatgpt-|o\d|text-embedding-)/.test(text)
    ? "openai"
    : text.startsWith("claude-")
      ? "anthropic"
      : null;
  const maker = family === null ? undefined : providers.get(family);
  return family === null || maker === undefined
    ? null
    : { provider: family, ...maker, model: text };
}
