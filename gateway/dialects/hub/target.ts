import type { LanguageModelV4 } from "@ai-sdk/provider";
import type { Family } from "../dialect.ts";
import type { HubRequest } from "./hub.ts";
import { anthropicTarget } from "./target-anthropic.ts";
import { googleTarget } from "./target-google.ts";
import { openaiTarget } from "./target-openai.ts";

type Options = HubRequest["options"];

/** What a target must know of its upstream. */
export type TargetSettings = {
  /** Origin and prefix, without `/v1`. */
  readonly baseUrl: string;
  /** As the upstream calls it. */
  readonly model: string;
  /** Sends the provider's requests; its headers with a key are to be replaced. */
  readonly fetch: typeof fetch;
  /** max_tokens where the client's dialect lets it unsaid and the upstream's does not. */
  readonly defaultMaxTokens: number;
  /** The upstream is OpenAI's own API, or as strict: it refuses fields that it does not know. */
  readonly strictFields: boolean;
};

/** One family of upstreams, behind the hub. */
export type Target = {
  /** The request in the form that this family's provider takes without losing anything. */
  prepare(options: Options, settings: TargetSettings): Options;
  /** The hub's model; its package is loaded with the first one, not before. */
  model(settings: TargetSettings): Promise<LanguageModelV4>;
};

const targets: Readonly<Record<Family, Target>> = {
  openai: openaiTarget,
  anthropic: anthropicTarget,
  google: googleTarget,
};

export function targetOf(family: Family): Target {
  return targets[family];
}
