import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { openOpenRouter } from "./api/open-openrouter.ts";
import { QueueFeed } from "./api/queue-feed.ts";
import { type AppParts, createApp, createListener } from "./app.ts";
import { addressGroup } from "./auth/address-group.ts";
import { createCors } from "./auth/browsers.ts";
import { createMayStay } from "./auth/may-stay.ts";
import { scheduleBackups } from "./backup/backup-schedule.ts";
import type { OtherGateways, Passing } from "./cluster/gateways/open-passing.ts";
import type { Underway } from "./generation/keeper.ts";
import { createLocalKeeper } from "./generation/local-keeper.ts";
import { stopRemovedUsers } from "./generation/stop-removed-users.ts";
import type { Ledger, UserTotals } from "./ledger/ledger.ts";
import { openAccounts } from "./ledger/open-accounts.ts";
import { type ChangeLog, openChangeLog } from "./ledger/upkeep/change-log.ts";
import { createConnectionCounts, createConnectionLimit } from "./limits/connections.ts";
import type { LimitFields } from "./limits/limit-fields.ts";
import type { Limits } from "./limits/limits.ts";
import { openLimits } from "./limits/open-limits.ts";
import { createDocs } from "./openapi/docs.ts";
import { Roster } from "./roster.ts";
import { openGeneration } from "./serve-generation.ts";
import { keptFilesOf, notedSettings, watchedBy } from "./serve-options.ts";
import { openSignals } from "./serve-signals.ts";
import { drain } from "./server/drain.ts";
import { healthReport } from "./server/health-report.ts";
import type { HttpServerOptions } from "./server/listen.ts";
import { messageClassesOf } from "./server/message-classes.ts";
import { createMetricsApp } from "./server/metrics-app.ts";
import { openPorts, type Ports } from "./server/open-ports.ts";
import { ownAddress } from "./settings/own-address.ts";
import type { Settings } from "./settings/settings-table.ts";
import { upgrade } from "./sockets/upgrade.ts";
import { createEar, type Ear } from "./telemetry/ear.ts";
import type { Telemetry } from "./telemetry/events.ts";
import type { Watched } from "./telemetry/gauges.ts";
import type { LogForm } from "./telemetry/log.ts";
import type { Metrics } from "./telemetry/metrics.ts";
import { createAffinity } from "./upstreams/affinity.ts";
import type { Finding } from "./upstreams/inspect/finding.ts";
import type { OpenUpstreams } from "./upstreams/open-upstreams.ts";
import { createStoredResponses } from "./upstreams/stored-responses.ts";
import { createOwnerDoor, type OwnerDoor } from "./users/owner-door.ts";
import { createStopNotes } from "./users/stop-notes.ts";
import type { UserDirectory } from "./users/user-directory.ts";

/** A gateway that runs; the ports are those in use, null where there is none. */
export type Gateway = {
  readonly port: number;
  readonly publicPort: number | null;
  readonly metricsPort: number | null;
  /** What needs attention at the upstreams, once all were looked at. */
  findings(): Promise<readonly Finding[]>;
  /** Takes no new work, lets what runs finish within DRAIN_TIMEOUT, closes the accounts. */
  stop(): Promise<void>;
};

export type GatewayOptions = {
  version: string;
  logForm: LogForm;
  /** What GET /settings shows. */
  settingsReport?: object;
  /** The path of the config file, for backups; null: there is none. */
  configFile?: string | null;
  /** The gateways that this one keeps one queue with; null: it is alone. */
  others?: OtherGateways | null;
};

/** What changes while the gateway runs. */
type State = {
  /** In force before the port is open; a free port (0) has its number only then. */
  publicPort: number | null;
  draining: boolean;
};

/**
 * Opens every part, then the ports; nothing else constructs a part. Parts are closed in the reverse
 * order: in `stop`, or at once if a later part cannot be opened. Rejects with a one-line Error then.
 */
export async function startGateway(settings: Settings, options: GatewayOptions): Promise<Gateway> {
  await using opening = new AsyncDisposableStack();
  const state: State = { publicPort: settings.publicPort, draining: false };
  const { telemetry, metrics, watchOver } = await openSignals(settings, options, opening);
  opening.defer(() => {
    if (state.draining) telemetry.stopped();
  });
  const underway = new Roster<Underway>();
  const share = workersOf(settings);
  const owner = opening.use(createOwnerDoor(settings.usersFile));
  const ears: Common["ears"] = { listen() {} };
  const ear = createEar({ onListen: (user, until) => ears.listen(user, until) });
  const common = {
    ...options,
    ears,
    ear,
    settings,
    telemetry,
    metrics,
    underway,
    state,
    owner,
    share,
    cluster: await passingOf(options, state),
  };
  const { parts, upstreams, watched } = await openParts(common, opening);
  metrics.watch(watched);
  opening.defer(watchOver(watched));
  const ports = await openFront(common, parts, opening);
  opening.defer(() => ports.close(1_000));
  state.publicPort = ports.public?.port ?? null;
  const names = upstreams.upstreams.map(({ name }) => name);
  telemetry.started(ports.main.port, upstreams.fallback ?? names.join(", "));
  if (upstreams.isEcho) telemetry.echoing();
  const looked = upstreams.look();
  owner.announce(ownAddress({ ...settings, port: ports.main.port }));
  const opened = opening.move();
  return {
    port: ports.main.port,
    publicPort: state.publicPort,
    metricsPort: ports.metrics?.port ?? null,
    findings: () => looked.then(upstreams.findings.current),
    async stop() {
      state.draining = true;
      ports.drain();
      telemetry.draining(parts.lines.view());
      await drain({ lines: parts.lines, underway, timeoutMs: settings.drainTimeoutMs });
      await opened.disposeAsync();
    },
  };
}

type Common = Omit<GatewayOptions, "logForm"> & {
  settings: Settings;
  telemetry: Telemetry;
  metrics: Metrics;
  underway: Roster<Underway>;
  state: State;
  owner: OwnerDoor;
  /** How many processes serve generations, and share what is bounded. */
  share: number;
  /** Others than this process that listen for a user's next request. */
  ear: Ear;
  ears: { listen(user: string, until: number): void };
  /** Null: the gateway is alone. */
  cluster: Passing | null;
};

/** Not loaded where there are no other gateways. */
async function passingOf({ others = null }: GatewayOptions, state: State): Promise<Passing | null> {
  if (others === null) return null;
  const { openPassing } = await import("./cluster/gateways/open-passing.ts");
  return openPassing(others, () => state.publicPort);
}

/** How many processes serve generations. */
const workersOf = ({ workers }: Settings): number =>
  workers === "auto" ? availableParallelism() : workers;

/** Opens the ports: in this process, or in several that have this one as their keeper. */
async function openFront(
  common: Common,
  parts: AppParts,
  opening: AsyncDisposableStack,
): Promise<Ports> {
  const { settings, metrics, share, telemetry, ear, cluster } = common;
  const app = createApp(parts);
  const connections = {
    most: settings.maxConnectionsPerAddress,
    isExempt: parts.doors.isTrusted,
    group: addressGroup,
  };
  const inner: Required<Omit<HttpServerOptions, "isJudged">> = {
    messages: messageClassesOf(app),
    upgrade: (request, socket, head) => void upgrade(parts, request, socket, head),
  };
  if (cluster !== null) opening.defer(cluster.answer(app, inner));
  const rendered = createMetricsApp(parts, metrics.render);
  if (share === 1) {
    const front = { ...createConnectionLimit(connections), app: createListener(parts, app) };
    return await openPorts({ ...settings, ...inner, ...front, metrics: rendered });
  }
  // Loaded here: a gateway of one process has nothing of it.
  const { openWorkers } = await import("./cluster/workers/open-workers.ts");
  const ports = await openWorkers({
    ...{ ...settings, settings, share, app, inner, metrics: rendered, version: common.version },
    entry: fileURLToPath(new URL("./worker.ts", import.meta.url)),
    desk: {
      ...parts,
      ...{ telemetry, ear },
      upstreamNamed: (name) => parts.memberNamed(name)?.upstream,
      connections: createConnectionCounts(connections),
    },
    onDeath: telemetry.workerDied,
  });
  common.ears.listen = ports.listen;
  return ports;
}

/** Opens every part behind the ports, in the order of a request; `opening` closes them. */
async function openParts(
  common: Common,
  opening: AsyncDisposableStack,
): Promise<{ parts: AppParts; upstreams: OpenUpstreams; watched: Watched }> {
  const { settings, telemetry, metrics, underway, state, version } = common;
  const { ledger, changes } = await openLedgerOf(common, opening);
  const opened = await openGeneration({ ...common, publicPort: () => state.publicPort }, opening);
  const { users, upstreams, rateLimit, prices, rules } = opened;
  metrics.seed(await seedOf(common, ledger), (user) => users.read().entriesOf(user).length > 0);
  const { lines, models, pools, watch } = upstreams;
  const watched = watchedBy({ ...common, upstreams, ledger, users });
  const limits = limitsOver(ledger, common, rateLimit);
  const stopNotes = createStopNotes(settings.usersFile);
  const mayStay = createMayStay(() => users.read());
  opening.use(stopRemovedUsers({ underway, lines, mayStay, stopNotes }));
  const answered = { ...settings, ...upstreams, said: rules, prices, ledger, limits };
  const draining = (): boolean => state.draining;
  const kept = { ...common, ...pools, draining, limits, ledger, health: watch };
  const parts: AppParts = {
    ...opened.parts,
    ...partsOf(common),
    ...peopleOf(common, users),
    ...{ telemetry, limits, ledger, changes, lines, underway, models },
    identitiesOf: (user) => users.read().entriesOf(user),
    feed: new QueueFeed(lines),
    reads: () => pools.reads,
    ...{ speedOf: metrics.speedOf, upstreamViews: upstreams.views },
    health: watch,
    keeper: createLocalKeeper({ ...kept, affinity: createAffinity() }),
    draining,
    docs: createDocs(version),
    openRouter: openOpenRouter(answered),
    healthReport: () =>
      healthReport({ ...common, ...upstreams, ...state, ...watch, users, ledger }),
    metrics: settings.metricsPort === null ? metrics.render : null,
  };
  return { parts, upstreams, watched };
}

/** The ledger, and what keeps it in order. */
async function openLedgerOf(
  { settings, settingsReport, telemetry, version, configFile = null }: Common,
  opening: AsyncDisposableStack,
): Promise<{ ledger: Ledger; changes: ChangeLog }> {
  const kept = keptFilesOf(settings, configFile);
  const { ledgerTrouble: onTrouble, ledgerRecovered: onRecovery, rowsForgotten } = telemetry;
  const calls = { onTrouble, onRecovery, onForgotten: rowsForgotten };
  const ledger = await openAccounts({ ...settings, ...calls });
  opening.defer(() => ledger.shutdown());
  opening.use(
    scheduleBackups({
      ...{ kept, version, atMinute: settings.backupDaily, keep: settings.backupKeep },
      ...{ onMade: telemetry.backupMade, onTrouble: telemetry.backupTrouble },
    }),
  );
  const noted = notedSettings(settingsReport);
  const changes = opening.use(
    await openChangeLog({
      ...{ store: ledger.changes, settings: noted, onChange: telemetry.changed, onTrouble },
    }),
  );
  return { ledger, changes };
}

/** The limits, over what the ledger remembers. */
const limitsOver = (
  ledger: Ledger,
  { settings, telemetry }: Common,
  rateLimit: LimitFields | null,
): Limits =>
  openLimits({
    ...settings,
    rateLimit,
    history: (user, since, apart) => ledger.windowCounts(user, since, Date.now(), apart),
    historyOfKey: (keyId, since) => ledger.keyCounts(keyId, since),
    onTrouble: telemetry.limitsTrouble,
  });

/** Of a database of several gateways nothing: each would begin with the totals of all. */
const seedOf = async ({ settings }: Common, ledger: Ledger): Promise<UserTotals[]> =>
  settings.databaseUrl === null ? await ledger.totals() : [];

/** What the calls about people need besides. */
const peopleOf = ({ settings, version, ear }: Common, users: UserDirectory) => ({
  version,
  ear,
  ...{ publicUrl: settings.publicUrl, port: settings.port },
  usersFile: () => (users.state().source === "file" ? settings.usersFile : null),
});

/** The parts that need nothing but settings. */
const partsOf = ({ settings, settingsReport, owner, cluster }: Common) => ({
  elsewhere: cluster?.elsewhere ?? null,
  stored: createStoredResponses(),
  publicAdmin: settings.publicAdmin,
  wall: settings.wall,
  owner,
  settingsReport: settingsReport ?? null,
  cors: createCors(settings.corsOrigins),
});
