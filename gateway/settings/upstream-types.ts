import type { UpstreamType } from "./routing-settings.ts";

/** What UPSTREAM_TYPE and an upstream's `type` may be. */
export const upstreamTypes: readonly UpstreamType[] = [
  "auto",
  "openai",
  "anthropic",
  "google",
  "ollama",
  "llamacpp",
  "vllm",
];
