import type { Settings } from "./settings-table.ts";
import type { Source } from "./source.ts";

/** The limit of the Python original: tokens of one user in a window. */
const tokens = 1_000;

const others = [
  "maxTokens",
  "maxRequests",
  "maxTokensPerDay",
  "maxTokensPerMonth",
  "maxUpstreamSeconds",
  "limits",
] as const;

/**
 * ENABLE_RATE_LIMITING alone means the limit of the Python original. As soon as another limit is
 * written anywhere, only what is written holds. Changes both arguments.
 */
export function addOriginalLimit(
  values: Record<string, unknown>,
  sources: Record<string, Source>,
): void {
  const isWritten = others.some((name) => sources[name]?.from !== "default");
  if (values.enableRateLimiting !== true || isWritten || hasListedLimit(values)) return;
  values.maxTokens = tokens;
  const { name } = sources.maxTokens ?? { name: "MAX_TOKENS" };
  sources.maxTokens = Object.freeze({ from: originalLimit, name, text: String(tokens) });
}

/** The source of MAX_TOKENS if only ENABLE_RATE_LIMITING is set. */
export const originalLimit = "ENABLE_RATE_LIMITING alone";

function hasListedLimit(values: Record<string, unknown>): boolean {
  const { middlewares = [] } = values as Partial<Settings>;
  return middlewares.some(({ name, options }) => {
    const { fields } = options as { fields?: object };
    return name === "rate_limit" && Object.keys(fields ?? {}).length > 0;
  });
}

/** What the start says of this limit. */
export function originalLimitLine({
  rateLimitWindowMs,
}: Pick<Settings, "rateLimitWindowMs">): string {
  const minutes = rateLimitWindowMs / 60_000;
  return `Each user may use ${tokens} tokens in ${minutes} minutes: only ENABLE_RATE_LIMITING is set. MAX_TOKENS or another limit changes it.`;
}
