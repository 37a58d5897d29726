import { yesOrNo } from "./access-kinds.ts";
import { orNothing } from "./kind.ts";
import { wholeNumber } from "./kinds.ts";
import { modelName } from "./model-glob.ts";
import { readMiddlewares } from "./read-middlewares.ts";
import { dollars, readModels, tokens } from "./read-models.ts";
import { readRoutes } from "./read-routes.ts";
import { readUpstreams } from "./read-upstreams.ts";
import type { RoutingSettings } from "./routing-settings.ts";
import type { Setting } from "./setting.ts";

/** Every model behind one address. The sections come last, and read what stands above them. */
export const routingTable: {
  readonly [Name in keyof RoutingSettings]: Setting<RoutingSettings[Name]>;
} = {
  modelId: {
    env: "MODEL_ID",
    about: "the name of the one model in /api/v1/models; as the upstream says where it is not set",
    schema: orNothing(modelName),
    default: "",
    example: "qwen3-32b",
  },
  maxContextLength: {
    env: "MAX_CONTEXT_LENGTH",
    about: "tokens a model takes, where neither models nor its upstream say",
    schema: tokens,
    default: "131072",
  },
  pricePerPromptToken: {
    env: "PRICE_PER_PROMPT_TOKEN",
    about: "US dollars for a token of a prompt, where models says nothing",
    schema: dollars,
    default: "0.000008",
  },
  pricePerCompletionToken: {
    env: "PRICE_PER_COMPLETION_TOKEN",
    about: "US dollars for a token of an answer, where models says nothing",
    schema: dollars,
    default: "0.000008",
  },
  strictConversion: {
    env: "STRICT_CONVERSION",
    about: "on refuses what another dialect cannot say; off drops it, and says so in a header",
    schema: yesOrNo,
    default: "off",
  },
  defaultMaxTokens: {
    env: "DEFAULT_MAX_TOKENS",
    about: "the most an Anthropic upstream answers a client whose dialect lets that unsaid",
    schema: wholeNumber(1, 10_000_000, "must be a whole number from 1 to 10000000"),
    default: "4096",
  },
  middlewares: {
    env: "MIDDLEWARES",
    about: "what is added to the road: auth, rate_limit, trace, files of one's own",
    section: true,
    read: readMiddlewares,
    default: "off",
    example: '["trace"]',
  },
  upstreams: {
    env: "UPSTREAMS",
    about: "servers by name, beside UPSTREAM_URL",
    section: true,
    read: readUpstreams,
    default: "off",
    example: '{"gpu1":"http://192.168.1.5:8080"}',
  },
  routes: {
    env: "ROUTES",
    about: "which models go to which upstreams; the first that matches is taken",
    section: true,
    read: readRoutes,
    default: "off",
    example: '[{"model":"gpt-*","upstream":"openai"}]',
  },
  models: {
    env: "MODELS",
    about: "what is said of models: context, price, how many at once",
    section: true,
    read: readModels,
    default: "off",
    example: '{"qwen*":{"context_length":32768}}',
  },
};
