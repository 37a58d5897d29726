/** Settings of models and of their conversion. */
export const modelTable = {
  modelId: {
    env: "MODEL_ID",
    about: "the name of the one model in /api/v1/models; the default is the upstream's name",
    kind: "modelName",
    unset: "nothing",
    default: "",
    example: "qwen3-32b",
  },
  maxContextLength: {
    env: "MAX_CONTEXT_LENGTH",
    about: "the context length of a model, in tokens, if neither models nor the upstream tells it",
    kind: "tokens",
    default: "131072",
  },
  pricePerPromptToken: {
    env: "PRICE_PER_PROMPT_TOKEN",
    about: "US dollars for a token of a prompt, if models has no price; unset: costs are unknown",
    kind: "dollars",
    unset: "nothing",
    default: "",
    example: "0.000008",
  },
  pricePerCompletionToken: {
    env: "PRICE_PER_COMPLETION_TOKEN",
    about: "US dollars for a token of an answer, if models has no price; unset: costs are unknown",
    kind: "dollars",
    unset: "nothing",
    default: "",
    example: "0.000008",
  },
  strictConversion: {
    env: "STRICT_CONVERSION",
    about:
      "a field with no equivalent in the other API: on refuses the request, off drops the field",
    kind: "yesOrNo",
    default: "off",
  },
  defaultMaxTokens: {
    env: "DEFAULT_MAX_TOKENS",
    about:
      "max_tokens sent to an Anthropic upstream if the client gives none; the default is the model's most",
    kind: "maxTokens",
    unset: "nothing",
    default: "",
    example: "8192",
  },
} as const;
