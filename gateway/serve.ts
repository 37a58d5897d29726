import { createPulse } from "./answer/pulse.ts";
import { type AppParts, createApp, createMetricsApp } from "./app.ts";
import { createCors } from "./auth/browsers.ts";
import { openLedger } from "./ledger/ledger.ts";
import { createBodyReader } from "./limits/body.ts";
import { createTokenCounter } from "./limits/token-counter.ts";
import { createDocs } from "./openapi/docs.ts";
import { allLines } from "./road/all-lines.ts";
import type { Underway } from "./road/parts.ts";
import { upgrade } from "./road/upgrade.ts";
import type { Settings } from "./settings/settings.ts";
import { createTelemetry } from "./telemetry/events.ts";
import { createLog } from "./telemetry/log.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import { createAffinity } from "./upstreams/affinity.ts";
import { conversationKey } from "./upstreams/conversation-key.ts";
import { createModelCatalog } from "./upstreams/model-catalog.ts";
import { createRetryBudget, isRetryable } from "./upstreams/retry.ts";
import { createTokenize } from "./upstreams/tokenize.ts";
import { createUserDirectory } from "./users/user-directory.ts";
import { accessOf } from "./wiring/access-of.ts";
import { additionsOf } from "./wiring/additions-of.ts";
import { drain } from "./wiring/drain.ts";
import { healthOf } from "./wiring/health-of.ts";
import { limitsOf } from "./wiring/limits-of.ts";
import { modelWordsOf } from "./wiring/model-words-of.ts";
import { modelsOf, unroutedListing } from "./wiring/models-of.ts";
import { openPools } from "./wiring/open-pools.ts";
import { openPorts } from "./wiring/open-ports.ts";
import { openUpstreams } from "./wiring/open-upstreams.ts";
import { openRouterPartsOf } from "./wiring/openrouter-parts-of.ts";
import { watchUpstreams } from "./wiring/watch-upstreams.ts";

/** A gateway that runs; the ports are those in use, null where there is none. */
export type Gateway = {
  readonly port: number;
  readonly publicPort: number | null;
  readonly metricsPort: number | null;
  /** Takes no new work, lets what runs finish within DRAIN_TIMEOUT, closes the accounts. */
  stop(): Promise<void>;
};

export type GatewayOptions = {
  version: string;
  /** Log lines for a person instead of JSON. */
  pretty: boolean;
};

/** A client that takes no byte for so long is gone, where IDLE_TIMEOUT is off. Milliseconds. */
const stallMs = 300_000;

/**
 * Builds every part from the settings, opens the ports, and undoes it all in `stop`; nothing else
 * constructs a part. Rejects with a one-line Error where something cannot be had.
 */
export async function startGateway(settings: Settings, options: GatewayOptions): Promise<Gateway> {
  const { usersFile: file, apiKey, apiUser, databaseFile } = settings;
  const log = createLog({ level: settings.logLevel, pretty: options.pretty });
  const metrics = createMetrics();
  const telemetry = createTelemetry({ log, metrics });
  const onTrouble = telemetry.usersFile;
  const users = createUserDirectory({ file, apiKey, apiUser, onTrouble });
  // In force before the port is open; a free one (0) has its number only then.
  let { publicPort } = settings;
  const additions = await additionsOf(settings.middlewares, {
    onTrouble: telemetry.traceTrouble,
    cwd: process.cwd(),
  });
  const access = await accessOf(settings, users, () => publicPort, additions.isOpen);
  if (additions.isOpen) telemetry.openDoor();
  const ledger = openLedger({
    file: databaseFile,
    onTrouble: telemetry.ledgerTrouble,
    onRecovery: telemetry.ledgerRecovered,
  });
  metrics.seed(ledger.totals());
  const { configured, fallback, echo } = await openUpstreams(settings);
  const upstreams = configured.map(({ upstream }) => upstream);
  const retired = new Set(configured.flatMap((one) => (one.drain ? [one.upstream.name] : [])));
  const underway = new Map<string, Underway>();
  const watch = watchUpstreams(upstreams, {
    onChange: telemetry.upstreamState,
    onUsable: () => pools.reconsider(),
  });
  const { health } = watch;
  const catalog = createModelCatalog({
    upstreams,
    freshMs: 5_000,
    timeoutMs: 10_000,
    onAnswered: health.noteAnswered,
    onFailed: health.noteFailed,
  });
  const models = modelsOf({ catalog, routes: settings.routes });
  const words = modelWordsOf(settings);
  const pools = openPools(settings, {
    configured,
    routes: settings.routes,
    fallback,
    listedBy: unroutedListing(catalog, settings.routes, upstreams, fallback),
    knownModels: models.names,
    usable: (name) => !retired.has(name) && health.usable(name),
    modelCapacity: words.modelCapacity,
    onSwap: telemetry.swapped,
  });
  const lines = allLines(pools.lines);
  const retries = createRetryBudget();
  metrics.watch({ line: () => lines.view(), spooled: () => ledger.state().spooled });
  const pulse = createPulse();
  let draining = false;

  const { limitsTrouble: onLimits } = telemetry;
  const limits = limitsOf(settings, additions.rateLimit, { ledger, onTrouble: onLimits });
  const tokens = createTokenCounter({ byUpstream: createTokenize({ usable: health.usable }) });
  const parts: AppParts = {
    authenticate: access.authenticate,
    identitiesOf: (user) => users.read().entriesOf(user),
    streamUpstream: settings.streamUpstream === "auto",
    doors: access.doors,
    publicAdmin: settings.publicAdmin,
    cors: createCors(settings.corsOrigins),
    bodies: createBodyReader({
      maxBytes: settings.maxBodyBytes,
      maxHeldBytes: settings.maxWaitingBytes,
      timeoutMs: settings.bodyTimeoutMs,
    }),
    route: pools.route,
    reads: () => pools.reads,
    hasManyModels: upstreams.length > 1 || settings.routes.length > 0,
    models,
    health: watch,
    retries: {
      isWorthIt: (error) => isRetryable(error) && retries.take(),
      noteRequest: retries.noteRequest,
    },
    affinity: { keyOf: conversationKey, ...createAffinity() },
    conversions: { strict: settings.strictConversion, defaultMaxTokens: settings.defaultMaxTokens },
    costOf: words.costOf,
    docs: createDocs(options.version),
    openRouter: openRouterPartsOf({ settings, models, words, upstreams, ledger, limits }),
    middlewares: additions.middlewares,
    tracer: additions.tracer,
    limits,
    tokens,
    ledger,
    telemetry,
    answers: ({ isPublic }) => ({
      pulse,
      queueEvents: settings.queueEvents,
      keepAliveMs: settings.keepAliveMs,
      silenceMs: isPublic ? settings.jsonKeepAliveTunnelMs : settings.jsonKeepAliveLanMs,
      stallMs: settings.idleTimeoutMs ?? stallMs,
    }),
    timeouts: {
      firstByteMs: settings.firstByteTimeoutMs ?? 0,
      idleMs: settings.idleTimeoutMs ?? 0,
      totalMs: settings.totalTimeoutMs ?? 0,
    },
    lines,
    underway,
    draining: () => draining,
    healthReport: () => {
      const { version } = options;
      return healthOf({ version, upstreams, fallback, health, lines, users, ledger, draining });
    },
    metrics: settings.metricsPort === null ? metrics.render : null,
  };
  const ports = await openPorts({
    ...settings,
    admit: access.connections.admit,
    app: createApp(parts),
    metrics: createMetricsApp(metrics.render),
    upgrade: (request, socket, head) => void upgrade(parts, request, socket, head),
  });
  publicPort = ports.public?.port ?? null;
  telemetry.started(ports.main.port, fallback ?? upstreams.map(({ name }) => name).join(", "));
  if (echo !== null) telemetry.echoing();
  // Shows what kind of servers they are before the first request needs to know.
  void catalog.read().catch(() => {});

  return {
    port: ports.main.port,
    publicPort: ports.public?.port ?? null,
    metricsPort: ports.metrics?.port ?? null,
    async stop() {
      draining = true;
      const { waiting, active } = lines.view();
      telemetry.draining(waiting, active);
      await drain({ lines, underway, timeoutMs: settings.drainTimeoutMs });
      await ports.close(1_000);
      health.stop();
      pools.close();
      pulse.stop();
      await additions.tracer?.close();
      await tokens.close();
      await Promise.all(upstreams.map(({ connections }) => connections.close()));
      await echo?.close();
      await ledger.shutdown();
      telemetry.stopped();
      log.close();
    },
  };
}
