import type { RateLimitNames } from "../dialect.ts";

/**
 * OpenAI's headers (platform.openai.com/docs/guides/rate-limits). A kind of limit that OpenAI does
 * not have (seconds, cost) follows the same form.
 */
export function openAiRateLimit(kind: string): RateLimitNames {
  return {
    limit: `x-ratelimit-limit-${kind}`,
    remaining: `x-ratelimit-remaining-${kind}`,
    reset: `x-ratelimit-reset-${kind}`,
    resetAs: "duration",
  };
}
