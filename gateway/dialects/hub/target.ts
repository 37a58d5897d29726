import type { EmbeddingModelV4, LanguageModelV4 } from "@ai-sdk/provider";
import type { Family } from "../dialect.ts";
import type { ToolNames } from "./fit-names.ts";
import type { HubRequest } from "./hub.ts";
import { anthropicTarget } from "./target-anthropic.ts";
import { googleTarget } from "./target-google.ts";
import { openaiTarget } from "./target-openai.ts";
import { responsesTarget } from "./target-responses.ts";

type Options = HubRequest["options"];

/** What a target must know of its upstream. */
export type TargetSettings = {
  /** Origin and prefix, without `/v1`. */
  readonly baseUrl: string;
  /** As the upstream calls it. */
  readonly model: string;
  /** Sends the provider's requests; its headers with a key are to be replaced. */
  readonly fetch: typeof fetch;
  /** max_tokens where the client says none and the upstream wants one; null: the model's most. */
  readonly defaultMaxTokens: number | null;
  /** The upstream is OpenAI's own API, or as strict: it refuses fields that it does not know. */
  readonly strictFields: boolean;
  /** It takes the thoughts of earlier turns back (`reasoning_content`). */
  readonly takesThoughts: boolean;
};

/** A request in the form that a family's provider takes. */
export type Prepared = {
  readonly options: Options;
  /** What the upstream cannot do, by the hub's names of settings: `stopSequences`. */
  readonly lost: readonly string[];
  /** What was changed and is worth telling, but is no reason to refuse the request. */
  readonly told: readonly string[];
  /** To give the client its own names of tools back. */
  readonly toolNames: ToolNames;
};

/** One family of upstreams, behind the hub. */
export type Target = {
  prepare(options: Options, settings: TargetSettings): Prepared;
  /** The hub's model; its package is loaded with the first one, not before. */
  model(settings: TargetSettings): Promise<LanguageModelV4>;
  /** The hub's model for embeddings; null if the family has none. */
  readonly embeddings: ((settings: TargetSettings) => Promise<EmbeddingModelV4>) | null;
};

/** The APIs that can be asked: one of each family, and OpenAI's second one. */
export type TargetName = Family | "responses";

const targets: Readonly<Record<TargetName, Target>> = {
  openai: openaiTarget,
  anthropic: anthropicTarget,
  google: googleTarget,
  responses: responsesTarget,
};

export function targetOf(name: TargetName): Target {
  return targets[name];
}
