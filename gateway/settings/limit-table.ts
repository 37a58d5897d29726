/** How much each user may have. */
export const limitTable = {
  enableRateLimiting: {
    env: "ENABLE_RATE_LIMITING",
    about:
      "whether the limits below count for everybody; alone it means 1000 tokens in a window, as in the Python original",
    kind: "yesOrNo",
    default: "false",
  },
  rateLimitWindowMs: {
    env: "RATE_LIMIT_WINDOW_MIN",
    about: "the sliding window of the limits, in minutes",
    kind: "minutes",
    default: "60",
  },
  maxTokens: {
    env: "MAX_TOKENS",
    about: "tokens of one user in a window, prompts and answers together",
    kind: "wholeAmount",
    unset: "off",
    default: "off",
    example: "50000",
  },
  maxRequests: {
    env: "MAX_REQUESTS",
    about: "generations of one user in a window",
    kind: "wholeAmount",
    unset: "off",
    default: "off",
    example: "100",
  },
  maxTokensPerDay: {
    env: "MAX_TOKENS_PER_DAY",
    about: "tokens of one user in any 24 hours",
    kind: "wholeAmount",
    unset: "off",
    default: "off",
    example: "100000",
  },
  maxTokensPerMonth: {
    env: "MAX_TOKENS_PER_MONTH",
    about: "tokens of one user in any 30 days",
    kind: "wholeAmount",
    unset: "off",
    default: "off",
    example: "1000000",
  },
  maxUpstreamSeconds: {
    env: "MAX_UPSTREAM_SECONDS",
    about: "seconds of the upstream's time for one user in a window",
    kind: "wholeAmount",
    unset: "off",
    default: "off",
    example: "1800",
  },
  rateLimitMode: {
    env: "RATE_LIMIT_MODE",
    about: "at a limit: refuse answers 429; slow lets users within their limits go first",
    oneOf: ["refuse", "slow"],
    default: "refuse",
  },
} as const;
