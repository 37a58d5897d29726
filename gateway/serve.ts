import { beatFor, createPulse } from "./answer/pulse.ts";
import { type AppParts, createApp, createMetricsApp } from "./app.ts";
import { createCors } from "./auth/browsers.ts";
import type { Underway } from "./generation/run-accepted.ts";
import { openLedger } from "./ledger/ledger.ts";
import { createTokenCounter } from "./limits/token-counter.ts";
import { createDocs } from "./openapi/docs.ts";
import { Roster } from "./roster.ts";
import type { Settings } from "./settings/settings-table.ts";
import { upgrade } from "./sockets/upgrade.ts";
import { createTelemetry } from "./telemetry/events.ts";
import { createLog } from "./telemetry/log.ts";
import { createMetrics } from "./telemetry/metrics.ts";
import { createTokenize } from "./upstreams/tokenize.ts";
import { createUserDirectory } from "./users/user-directory.ts";
import { accessOf } from "./wiring/access-of.ts";
import { additionsOf } from "./wiring/additions-of.ts";
import { drain } from "./wiring/drain.ts";
import { healthOf } from "./wiring/health-of.ts";
import { openLimits } from "./wiring/open-limits.ts";
import { openPorts } from "./wiring/open-ports.ts";
import { openUpstreamSide } from "./wiring/open-upstream-side.ts";
import { openRouterPartsOf } from "./wiring/openrouter-parts-of.ts";
import { roadPartsOf } from "./wiring/road-parts-of.ts";

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

/** What changes while the gateway runs. */
type Now = {
  /** In force before the port is open; a free one (0) has its number only then. */
  publicPort: number | null;
  draining: boolean;
};

/**
 * Builds every part from the settings, opens the ports, and undoes it all in `stop`; nothing else
 * constructs a part. Rejects with a one-line Error where something cannot be had.
 */
export async function startGateway(settings: Settings, options: GatewayOptions): Promise<Gateway> {
  const now: Now = { publicPort: settings.publicPort, draining: false };
  const opened = await openParts(settings, options, now);
  const { parts, admit, side, metrics, log, telemetry, underway, close } = opened;
  const { lines } = parts;
  const ports = await openPorts({
    ...settings,
    admit,
    app: createApp(parts),
    metrics: createMetricsApp(parts, metrics.render),
    upgrade: (request, socket, head) => void upgrade(parts, request, socket, head),
  }).catch(async (error: unknown) => {
    await close();
    log.close();
    throw error;
  });
  now.publicPort = ports.public?.port ?? null;
  const names = side.upstreams.map(({ name }) => name);
  telemetry.started(ports.main.port, side.fallback ?? names.join(", "));
  if (side.isEcho) telemetry.echoing();
  side.look();

  return {
    port: ports.main.port,
    publicPort: now.publicPort,
    metricsPort: ports.metrics?.port ?? null,
    async stop() {
      now.draining = true;
      const { waiting, active } = lines.view();
      telemetry.draining(waiting, active);
      await drain({ lines, underway, timeoutMs: settings.drainTimeoutMs });
      await ports.close(1_000);
      await close();
      telemetry.stopped();
      log.close();
    },
  };
}

/** Every part, and what closes them all again once nothing uses them. */
async function openParts(settings: Settings, { version, pretty }: GatewayOptions, now: Now) {
  const { usersFile, apiKey, apiUser, databaseFile: file } = settings;
  const log = createLog({ level: settings.logLevel, pretty });
  const metrics = createMetrics();
  const telemetry = createTelemetry({ log, metrics });
  const { usersFile: onUsers, traceTrouble, ledgerTrouble, ledgerRecovered } = telemetry;
  const users = createUserDirectory({ file: usersFile, apiKey, apiUser, onTrouble: onUsers });
  const places = { onTrouble: traceTrouble, cwd: process.cwd() };
  const additions = await additionsOf(settings.middlewares, places);
  if (additions.isOpen) telemetry.openDoor();
  const access = await accessOf(settings, users, () => now.publicPort, additions.isOpen);
  const ledger = openLedger({ file, onTrouble: ledgerTrouble, onRecovery: ledgerRecovered });
  metrics.seed(ledger.totals());
  const side = await openUpstreamSide(settings, telemetry);
  const { lines, models, words, pools, upstreams, fallback } = side;
  const { health } = side.watch;
  metrics.watch({ line: () => lines.view(), spooled: () => ledger.state().spooled });
  const watched = { ledger, onTrouble: telemetry.limitsTrouble };
  const limits = openLimits(settings, additions.rateLimit, watched);
  const tokens = createTokenCounter({ byUpstream: createTokenize({ usable: health.usable }) });
  const pulse = createPulse({
    everyMs: beatFor([
      settings.keepAliveMs,
      settings.jsonKeepAliveTunnelMs,
      settings.jsonKeepAliveLanMs,
      settings.idleTimeoutMs,
    ]),
  });
  const underway = new Roster<Underway>();
  const draining = (): boolean => now.draining;
  const opened = { settings, telemetry, users, access, additions, ledger, limits, tokens, side };
  const parts: AppParts = {
    ...roadPartsOf({ ...opened, pulse, underway, draining }),
    cors: createCors(settings.corsOrigins),
    docs: createDocs(version),
    openRouter: openRouterPartsOf({ settings, models, words, pools, upstreams, ledger, limits }),
    healthReport: () => {
      const { draining } = now;
      return healthOf({ version, upstreams, fallback, health, lines, users, ledger, draining });
    },
    metrics: settings.metricsPort === null ? metrics.render : null,
  };
  const { admit } = access.connections;
  async function close(): Promise<void> {
    pulse.stop();
    await additions.tracer?.close();
    await tokens.close();
    await side.close();
    await ledger.shutdown();
  }
  return { parts, admit, side, metrics, log, telemetry, underway, close };
}
