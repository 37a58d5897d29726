import { openAnswers } from "./answer/open-answers.ts";
import { type Access, openAccess } from "./auth/open-access.ts";
import { createBodyWork } from "./dialects/tasks/body-thread.ts";
import type { GenerationParts } from "./generation/generation.ts";
import { createPrices } from "./ledger/prices.ts";
import type { LimitFields } from "./limits/limit-fields.ts";
import { openBodies } from "./limits/open-bodies.ts";
import { createTokenCounter } from "./limits/token-counter.ts";
import { openMiddlewares } from "./middlewares/open-middlewares.ts";
import type { ReadParts } from "./reads/read.ts";
import { upstreamsOptions } from "./serve-options.ts";
import { type Environment, readEnvFile } from "./settings/read-env-file.ts";
import type { Settings } from "./settings/settings-table.ts";
import type { Telemetry } from "./telemetry/events.ts";
import { createModelRules } from "./upstreams/model-rules.ts";
import { type OpenUpstreams, openUpstreams } from "./upstreams/open-upstreams.ts";
import { createRetries } from "./upstreams/retry.ts";
import { createTokenize } from "./upstreams/tokenize.ts";
import { createUserDirectory, type UserDirectory } from "./users/user-directory.ts";

export type OpenGenerationOptions = {
  readonly settings: Settings;
  readonly telemetry: Pick<
    Telemetry,
    "usersFile" | "traceTrouble" | "openDoor" | "swapped" | "upstreamState" | "finding"
  >;
  /** The port in use; null while there is none. */
  readonly publicPort: () => number | null;
  /** How many processes share what is bounded. */
  readonly share: number;
  /** Whether a request may start in the lines of this process; absent: always. */
  readonly mayStart?: () => boolean;
};

/** What a generation needs, beside what the keeper's process has. */
type OwnParts = Access &
  Omit<GenerationParts, "keeper" | "telemetry" | "limits" | "stored" | "draining" | "ear"> &
  Pick<ReadParts, "memberNamed" | "timeouts">;

export type OpenGeneration = {
  readonly parts: OwnParts;
  readonly users: UserDirectory;
  readonly upstreams: OpenUpstreams;
  /** What config.yaml says of a model. */
  readonly rules: (model: string) => Settings["models"][number] | null;
  readonly prices: ReturnType<typeof createPrices>;
  /** The options of the middleware `rate_limit`; null: it is not listed. */
  readonly rateLimit: LimitFields | null;
};

/**
 * Opens what every process that serves generations has for itself, in the order of a request;
 * `opening` closes it. Part of the composition root.
 */
export async function openGeneration(
  { settings, telemetry, publicPort, share, mayStart }: OpenGenerationOptions,
  opening: AsyncDisposableStack,
): Promise<OpenGeneration> {
  const { usersFile: file, apiKey, apiUser } = settings;
  const users = createUserDirectory({ file, apiKey, apiUser, onTrouble: telemetry.usersFile });
  const { isOpen, tracer, rateLimit, own } = await openMiddlewares({
    middlewares: settings.middlewares,
    cwd: process.cwd(),
    onTraceTrouble: telemetry.traceTrouble,
  });
  opening.defer(() => tracer?.close());
  if (isOpen) telemetry.openDoor();
  const env: Environment = { ...readEnvFile(process.cwd()), ...process.env };
  const secretOf = (name: string) => env[name];
  const access = await openAccess({ ...settings, users, publicPort, isOpen, secretOf });
  const rules = createModelRules(settings.models);
  const asked = mayStart === undefined ? {} : { mayStart };
  const upstreams = opening.use(
    await openUpstreams({ ...upstreamsOptions(settings, telemetry, rules), ...asked }),
  );
  const { pools } = upstreams;
  const tokenize = createTokenize({ usable: upstreams.watch.health.usable });
  const tokens = createTokenCounter({ byUpstream: tokenize });
  opening.defer(() => tokens.close());
  const mayFrame = tracer === null && own.length === 0;
  const answers = opening.use(openAnswers({ ...settings, mayFrame }));
  const prices = createPrices({ ...settings, priceOfModel: (model) => rules(model)?.price });
  const parts: OwnParts = {
    ...access,
    ...{ tracer, tokens, middlewares: own },
    ...{ route: pools.route, nameOf: pools.nameOf, memberNamed: pools.memberNamed },
    work: opening.adopt(createBodyWork(), ({ close }) => close()),
    hasManyModels: upstreams.upstreams.length > 1 || settings.routes.length > 0,
    bodies: openBodies(settings, share),
    timeouts: timeoutsOf(settings),
    conversions: { strict: settings.strictConversion, defaultMaxTokens: settings.defaultMaxTokens },
    streamUpstream: settings.streamUpstream === "auto",
    retries: createRetries(share),
    costOf: prices.costOf,
    answers: answers.optionsFor,
  };
  // The settings have read these options as limits.
  return { users, upstreams, rules, prices, parts, rateLimit: rateLimit as LimitFields | null };
}

const timeoutsOf = (settings: Settings): OwnParts["timeouts"] => ({
  firstByteMs: settings.firstByteTimeoutMs ?? 0,
  idleMs: settings.idleTimeoutMs ?? 0,
  totalMs: settings.totalTimeoutMs ?? 0,
});
