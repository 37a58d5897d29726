import type { Pulse } from "../answer/pulse.ts";
import type { GatewayCallParts } from "../api/gateway-call.ts";
import type { QueueParts } from "../api/queue.ts";
import type { ShowLimitsParts } from "../api/show-limits.ts";
import type { GenerationParts } from "../generation/generation.ts";
import type { Underway } from "../generation/run-accepted.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { createBodyReader } from "../limits/body.ts";
import type { Limits } from "../limits/limits.ts";
import type { ReadParts } from "../reads/read.ts";
import type { Roster } from "../roster.ts";
import type { Settings } from "../settings/settings-table.ts";
import type { Telemetry } from "../telemetry/events.ts";
import { createAffinity } from "../upstreams/affinity.ts";
import { conversationKey } from "../upstreams/conversation-key.ts";
import { createRetryBudget, isRetryable } from "../upstreams/retry.ts";
import type { UserDirectory } from "../users/user-directory.ts";
import type { Access } from "./access-of.ts";
import type { Additions } from "./additions-of.ts";
import type { UpstreamSide } from "./open-upstream-side.ts";

type RoadParts = GenerationParts & ReadParts & GatewayCallParts & QueueParts & ShowLimitsParts;

/** What was opened, and is put together here. */
export type Opened = Pick<RoadParts, "tokens" | "draining"> & {
  settings: Settings;
  telemetry: Telemetry;
  users: UserDirectory;
  access: Access;
  additions: Additions;
  ledger: Ledger;
  limits: Limits;
  side: UpstreamSide;
  pulse: Pulse;
  underway: Roster<Underway>;
};

/** A client that takes no byte for so long is gone, where IDLE_TIMEOUT is off. Milliseconds. */
const stallMs = 300_000;

/** What the road is made of: each part takes of the settings what it needs. */
export function roadPartsOf(opened: Opened): RoadParts {
  const { settings, users, access, additions, side, pulse } = opened;
  const { telemetry, ledger, limits, tokens, underway, draining } = opened;
  const { upstreams, pools, models, watch, words, lines } = side;
  const retries = createRetryBudget();
  return {
    authenticate: access.authenticate,
    identitiesOf: (user) => users.read().entriesOf(user),
    bodies: createBodyReader({
      maxBytes: settings.maxBodyBytes,
      maxHeldBytes: settings.maxWaitingBytes,
      timeoutMs: settings.bodyTimeoutMs,
    }),
    route: pools.route,
    hasManyModels: upstreams.length > 1 || settings.routes.length > 0,
    reads: () => pools.reads,
    models,
    health: watch,
    retries: {
      isWorthIt: (error) => isRetryable(error) && retries.take(),
      noteRequest: retries.noteRequest,
    },
    affinity: { keyOf: conversationKey, ...createAffinity() },
    middlewares: additions.middlewares,
    tracer: additions.tracer,
    conversions: { strict: settings.strictConversion, defaultMaxTokens: settings.defaultMaxTokens },
    costOf: words.costOf,
    answers: ({ isPublic }) => ({
      pulse,
      queueEvents: settings.queueEvents,
      keepAliveMs: settings.keepAliveMs,
      silenceMs: isPublic ? settings.jsonKeepAliveTunnelMs : settings.jsonKeepAliveLanMs,
      stallMs: settings.idleTimeoutMs ?? stallMs,
      mayFrame: additions.tracer === null && additions.middlewares.length === 0,
    }),
    timeouts: {
      firstByteMs: settings.firstByteTimeoutMs ?? 0,
      idleMs: settings.idleTimeoutMs ?? 0,
      totalMs: settings.totalTimeoutMs ?? 0,
    },
    streamUpstream: settings.streamUpstream === "auto",
    doors: access.doors,
    publicAdmin: settings.publicAdmin,
    ...{ limits, tokens, ledger, telemetry, lines, underway, draining },
  };
}
