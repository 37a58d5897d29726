import { isJsonObject } from "../../json-object.ts";

/** What must be the same at all gateways of a cluster, from the settings. */
export type ShapedSettings = {
  readonly upstreams: readonly {
    readonly name: string;
    readonly maxConcurrent: number | "auto";
    readonly weight: number;
    readonly box: string | null;
    readonly exclusiveModels: boolean;
    readonly drain: boolean;
  }[];
  readonly routes: readonly unknown[];
  readonly models: readonly { readonly model: string; readonly maxConcurrent: number | null }[];
  readonly limits: unknown;
  readonly maxQueue: number | null;
  readonly maxConcurrentPerUser: number | null;
  readonly maxQueuedPerUser: number | null;
  readonly maxUnfairnessMs: number;
  readonly enableRateLimiting: boolean;
  readonly rateLimitWindowMs: number;
  readonly rateLimitMode: string;
  readonly maxRequests: number | null;
  readonly maxTokens: number | null;
  readonly maxTokensPerDay: number | null;
  readonly maxTokensPerMonth: number | null;
  readonly maxUpstreamSeconds: number | null;
};

/** The order of names in a file does not count. */
const sorted = (_name: string, value: unknown): unknown =>
  isJsonObject(value) ? Object.fromEntries(Object.entries(value).toSorted()) : value;

const shown = (value: unknown): string =>
  value === null ? "off" : (JSON.stringify(value, sorted) ?? "");

/**
 * Each rule by which the keeper decides, by the name that people know it by. URLs and keys are not in
 * it: one server may have another address from another machine.
 */
export function shapeOf(settings: ShapedSettings): Readonly<Record<string, string>> {
  const shape: Record<string, string> = {
    MAX_QUEUE: shown(settings.maxQueue),
    MAX_CONCURRENT_PER_USER: shown(settings.maxConcurrentPerUser),
    MAX_QUEUED_PER_USER: shown(settings.maxQueuedPerUser),
    MAX_UNFAIRNESS: shown(settings.maxUnfairnessMs),
    ENABLE_RATE_LIMITING: shown(settings.enableRateLimiting),
    RATE_LIMIT_WINDOW_MIN: shown(settings.rateLimitWindowMs / 60_000),
    RATE_LIMIT_MODE: shown(settings.rateLimitMode),
    MAX_REQUESTS: shown(settings.maxRequests),
    MAX_TOKENS: shown(settings.maxTokens),
    MAX_TOKENS_PER_DAY: shown(settings.maxTokensPerDay),
    MAX_TOKENS_PER_MONTH: shown(settings.maxTokensPerMonth),
    MAX_UPSTREAM_SECONDS: shown(settings.maxUpstreamSeconds),
    limits: shown(settings.limits),
    routes: shown(settings.routes),
  };
  for (const { name, maxConcurrent, weight, box, exclusiveModels, drain } of settings.upstreams) {
    const rules = { max_concurrent: maxConcurrent, weight, box, exclusiveModels, drain };
    shape[`upstream ${name}`] = shown(rules);
  }
  for (const { model, maxConcurrent } of settings.models) {
    if (maxConcurrent !== null)
      shape[`max_concurrent of the model ${model}`] = shown(maxConcurrent);
  }
  return shape;
}
