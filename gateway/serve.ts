import { accessOf, limitsOf } from "./access.ts";
import { createPulse } from "./answer/pulse.ts";
import { type AppParts, createApp, createMetricsApp } from "./app.ts";
import { createCors } from "./auth/browsers.ts";
import { drain } from "./drain.ts";
import { healthOf } from "./health.ts";
import { openLedger } from "./ledger/ledger.ts";
import { createBodyReader } from "./limits/body.ts";
import { createLine } from "./line/line.ts";
import { openPorts } from "./ports.ts";
import type { Underway } from "./road/parts.ts";
import { upgrade } from "./road/upgrade.ts";
import type { Settings } from "./settings/settings.ts";
import { createTelemetry } from "./telemetry/events.ts";
import { createLog } from "./telemetry/log.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import type { Echo } from "./upstreams/echo/echo.ts";
import { createModelList } from "./upstreams/model-list.ts";
import { createPassThrough } from "./upstreams/pass-through.ts";
import { followSlotCount } from "./upstreams/slot-count.ts";
import { openUpstream, type Upstream } from "./upstreams/upstream.ts";
import { createUserDirectory } from "./users/user-directory.ts";

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
  const access = await accessOf(settings, users, () => publicPort);
  const ledger = openLedger({
    file: databaseFile,
    onTrouble: telemetry.ledgerTrouble,
    onRecovery: telemetry.ledgerRecovered,
  });
  metrics.seed(ledger.totals());
  const { echo, upstream } = await upstreamOf(settings);
  const { maxConcurrent } = settings;
  const { maxQueue, maxConcurrentPerUser, maxQueuedPerUser, maxUnfairnessMs } = settings;
  const line = createLine({
    maxQueue,
    maxConcurrentPerUser,
    maxQueuedPerUser,
    maxUnfairnessMs,
    // One until the upstream has said how many it has.
    capacity: maxConcurrent === "auto" ? 1 : maxConcurrent,
    exclusiveModels: settings.exclusiveModels === "on",
    onSwap: telemetry.swapped,
  });
  metrics.watch({ line: () => line.view(), spooled: () => ledger.state().spooled });
  const passThrough = createPassThrough(upstream, { silenceMs: settings.firstByteTimeoutMs ?? 0 });
  const models = createModelList(upstream, { freshMs: 5_000, timeoutMs: 10_000 });
  const pulse = createPulse();
  const underway = new Map<string, Underway>();
  let draining = false;

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
    route: () => ({ line, upstream, passThrough }),
    models: () => models.read(),
    limits: limitsOf(settings, { ledger, onTrouble: telemetry.limitsTrouble }),
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
    line,
    underway,
    draining: () => draining,
    health: () => {
      return healthOf({ version: options.version, upstream, line, users, ledger, draining });
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
  telemetry.started(ports.main.port, upstream.name);
  if (echo !== null) telemetry.echoing();
  // Shows what kind of server it is before the first request needs to know.
  void models.read().catch(() => {});
  const slots =
    maxConcurrent === "auto" ? followSlotCount(upstream, (slots) => line.setCapacity(slots)) : null;

  return {
    port: ports.main.port,
    publicPort: ports.public?.port ?? null,
    metricsPort: ports.metrics?.port ?? null,
    async stop() {
      draining = true;
      const { waiting, active } = line.view();
      telemetry.draining(waiting, active);
      await drain({ line, underway, timeoutMs: settings.drainTimeoutMs });
      await ports.close(1_000);
      slots?.stop();
      pulse.stop();
      passThrough.close();
      await upstream.connections.close();
      await echo?.close();
      await ledger.shutdown();
      telemetry.stopped();
      log.close();
    },
  };
}

/** The server of UPSTREAM_URL, or the echo. */
async function upstreamOf(settings: Settings): Promise<{ echo: Echo | null; upstream: Upstream }> {
  const { upstreamUrl, upstreamApiKey: key, connectTimeoutMs } = settings;
  if (upstreamUrl !== null) {
    const type = settings.upstreamType;
    return {
      echo: null,
      upstream: openUpstream({ url: upstreamUrl, key, type, connectTimeoutMs }),
    };
  }
  const { startEcho } = await import("./upstreams/echo/echo.ts");
  const echo = await startEcho({ tokensPerSecond: settings.echoTokensPerSecond });
  const { url } = echo;
  const upstream = openUpstream({ url, key: null, type: "openai", connectTimeoutMs, name: "echo" });
  return { echo, upstream };
}
