/** Settings of models and of their conversion. */
export const modelTable = {
  modelId: {
    env: "MODEL_ID",
    about: "the name of the one model in /api/v1/models; as the upstream says where it is not set",
    kind: "modelName",
    unset: "nothing",
    default: "",
    example: "qwen3-32b",
  },
  maxContextLength: {
    env: "MAX_CONTEXT_LENGTH",
    about: "tokens a model takes, where neither models nor its upstream say",
    kind: "tokens",
    default: "131072",
  },
  pricePerPromptToken: {
    env: "PRICE_PER_PROMPT_TOKEN",
    about: "US dollars for a token of a prompt, where models says nothing",
    kind: "dollars",
    default: "0.000008",
  },
  pricePerCompletionToken: {
    env: "PRICE_PER_COMPLETION_TOKEN",
    about: "US dollars for a token of an answer, where models says nothing",
    kind: "dollars",
    default: "0.000008",
  },
  strictConversion: {
    env: "STRICT_CONVERSION",
    about: "on refuses what another dialect cannot say; off drops it, and says so in a header",
    kind: "yesOrNo",
    default: "off",
  },
  defaultMaxTokens: {
    env: "DEFAULT_MAX_TOKENS",
    about: "max_tokens sent to an Anthropic upstream if the client gives none",
    kind: "maxTokens",
    default: "4096",
  },
} as const;
