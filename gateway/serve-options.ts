import { statfs } from "node:fs/promises";
import { newestBackup } from "./backup/backup-schedule.ts";
import { type KeptFiles, keptFiles } from "./backup/kept-files.ts";
import { ClientLeft } from "./exchange.ts";
import type { Underway } from "./generation/keeper.ts";
import { isJsonObject } from "./json-object.ts";
import type { Ledger } from "./ledger/ledger.ts";
import { jainOf } from "./line/fairness-log.ts";
import type { RosterView } from "./roster.ts";
import type { ClusterState } from "./server/cluster-state.ts";
import { defaultUpstream, echoUpstream } from "./settings/default-upstream.ts";
import type { Settings } from "./settings/settings-table.ts";
import type { Telemetry } from "./telemetry/events.ts";
import type { Watched, WatchedCluster } from "./telemetry/gauges.ts";
import type { OtelOptions } from "./telemetry/otel/otel-options.ts";
import type { OpenUpstreams, UpstreamsOptions } from "./upstreams/open-upstreams.ts";
import type { UserDirectory } from "./users/user-directory.ts";

/** How traces and metrics are pushed; null if they are not. */
export function otelOptions(settings: Settings, version: string): OtelOptions | null {
  const { otlpEndpoint: endpoint, otelTraces, otelMetrics } = settings;
  if (endpoint === null || settings.otelDisabled) return null;
  if (otelTraces === "none" && otelMetrics === "none") return null;
  return {
    endpoint,
    headers: settings.otlpHeaders ?? {},
    timeoutMs: settings.otlpTimeoutMs,
    serviceName: settings.otelServiceName,
    version,
    resource: settings.otelResource ?? {},
    traces: otelTraces === "otlp",
    metrics: otelMetrics === "otlp",
    sampler: settings.otelSampler,
    samplerRatio: settings.otelSamplerRatio,
    spanQueue: settings.otelSpanQueue,
    spanDelayMs: settings.otelSpanDelayMs,
    metricIntervalMs: settings.otelMetricIntervalMs,
    showsNames: settings.metricsUsers === "names",
  };
}

type ModelRules = (model: string) => Settings["models"][number] | null;

/** The options of the upstreams, from the settings; part of the composition root. */
export const upstreamsOptions = (
  settings: Settings,
  telemetry: Pick<Telemetry, "swapped" | "upstreamState" | "finding">,
  rules: ModelRules,
): UpstreamsOptions => ({
  ...settings,
  upstreamOfUrl: defaultUpstream(settings),
  echoAt: (url) => echoUpstream(settings, url),
  env: process.env,
  modelCapacity: settings.models.some(({ maxConcurrent }) => maxConcurrent !== null)
    ? (model) => rules(model)?.maxConcurrent ?? null
    : null,
  onSwap: telemetry.swapped,
  onChange: telemetry.upstreamState,
  onFinding: telemetry.finding,
});

/** The files that a backup holds, by the settings. */
export const keptFilesOf = (settings: Settings, configFile: string | null = null): KeptFiles =>
  keptFiles({ ...settings, configFile }, process.cwd());

type WatchedParts = {
  readonly settings: Settings;
  readonly configFile?: string | null;
  readonly upstreams: OpenUpstreams;
  readonly ledger: Pick<Ledger, "state">;
  readonly users: Pick<UserDirectory, "read">;
  readonly underway: RosterView<Underway>;
  /** Null: the gateway is alone. */
  readonly cluster: { current(): ClusterState } | null;
};

/** What the gauges show. */
export function watchedBy(parts: WatchedParts): Watched {
  const { settings, configFile, upstreams, ledger, users, underway, cluster } = parts;
  const { lines, pools, watch } = upstreams;
  const kept = keptFilesOf(settings, configFile);
  const hasQueue = (): boolean => cluster === null || cluster.current().role === "keeper";
  return {
    cluster: cluster === null ? null : () => clusterWatched(cluster.current()),
    line: () => (hasQueue() ? lines.view() : null),
    pools: () => (hasQueue() ? pools.poolViews() : []),
    upstreams: () =>
      upstreams.views().map(({ upstream, capacity, active, loads }) => {
        const { name, connections, clientCertificateEnds: client } = upstream;
        const { up, state } = watch.health.view(name);
        const certificates = { server: connections.certificateEnds, client };
        const used = hasQueue() ? active : null;
        return {
          name,
          capacity,
          active: used,
          up,
          state,
          certificates,
          loads: loads?.count ?? null,
        };
      }),
    oldestWaits: () => (hasQueue() ? lines.oldestWaits() : null),
    leftForMs: () => leftForMs(underway),
    spooled: () => ledger.state().spooled,
    coverage: () => (hasQueue() ? lines.coverage().part : null),
    fairness: () => (hasQueue() ? jainOf(lines.fairness()) : null),
    async disk() {
      const found = await statfs(kept.folder).catch(() => null);
      if (found === null) return null;
      const { bavail, blocks, bsize } = found;
      return { free: bavail * bsize, size: blocks * bsize };
    },
    lastBackup: () => newestBackup(kept),
    nextKeyExpiry: () => users.read().nextExpiry(Date.now()),
  };
}

const clusterWatched = ({ role, gateways, slotsUnproved }: ClusterState): WatchedCluster => ({
  ...{ isKeeper: role === "keeper", gateways, slotsUnproved },
});

/** Milliseconds for which the oldest request that its client has left still runs; 0: none does. */
function leftForMs(underway: RosterView<Underway>): number {
  const now = performance.now();
  let longest = 0;
  for (const { stop } of underway.values()) {
    const { reason } = stop.signal;
    if (reason instanceof ClientLeft) longest = Math.max(longest, now - reason.at);
  }
  return longest;
}

/** What differs between the gateways of one database, and is no change. */
const ofOneGateway: ReadonlySet<string> = new Set([
  ...["HOST", "PORT", "PUBLIC_HOST", "PUBLIC_PORT", "METRICS_PORT"],
  ...["CLUSTER_URL", "DATABASE_FILE", "USERS_FILE"],
]);

/**
 * The values of the settings by their names, without secrets; null if the start did not say.
 *
 * @param isShared - several gateways may compare them with each other's
 */
export function notedSettings(
  report: object | undefined,
  isShared: boolean,
): Record<string, unknown> | null {
  const settings = report === undefined || !("settings" in report) ? null : report.settings;
  if (!isJsonObject(settings)) return null;
  const rows = Object.entries(settings)
    .filter(([name]) => !isShared || !ofOneGateway.has(name))
    .map(([name, setting]) => [name, isJsonObject(setting) ? setting.value : null]);
  return Object.fromEntries(rows);
}
