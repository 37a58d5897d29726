import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openOpenRouter } from "./api/open-openrouter.ts";
import { QueueFeed } from "./api/queue-feed.ts";
import { type AppParts, createApp, createListener } from "./app.ts";
import { addressGroup } from "./auth/address-group.ts";
import { createCors } from "./auth/browsers.ts";
import { createMayStay } from "./auth/may-stay.ts";
import type { OtherGateways, Passing } from "./cluster/gateways/open-passing.ts";
import type { Underway } from "./generation/keeper.ts";
import { stopRemovedUsers } from "./generation/stop-removed-users.ts";
import { createConnectionCounts, createConnectionLimit } from "./limits/connections.ts";
import { createDocs } from "./openapi/docs.ts";
import { Roster } from "./roster.ts";
import { limitsOver, openLedgerOf, seedOf } from "./serve-accounts.ts";
import { type ClusterSeat, createSeat } from "./serve-cluster.ts";
import { openGeneration } from "./serve-generation.ts";
import { watchedBy } from "./serve-options.ts";
import { openSignals } from "./serve-signals.ts";
import { drain, noticeMs } from "./server/drain.ts";
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
  /** Load balancers are told so: soon it takes no new requests. */
  leaving: boolean;
  draining: boolean;
};

/**
 * Opens every part, then the ports; nothing else constructs a part. Parts are closed in the reverse
 * order: in `stop`, or at once if a later part cannot be opened. Rejects with a one-line Error then.
 */
export async function startGateway(settings: Settings, options: GatewayOptions): Promise<Gateway> {
  await using opening = new AsyncDisposableStack();
  const state: State = { publicPort: settings.publicPort, leaving: false, draining: false };
  const { telemetry, metrics, watchOver } = await openSignals(settings, options, opening);
  opening.defer(() => {
    if (state.draining) telemetry.stopped();
  });
  const underway = new Roster<Underway>();
  const served = settings.clusterSecret === null ? underway : new Roster<Underway>();
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
    ...{ underway, served },
    state,
    owner,
    share,
  };
  const { parts, upstreams, watched, cluster, passing } = await openParts(common, opening);
  metrics.watch(watched);
  opening.defer(watchOver(watched));
  // Before that each model that no route names would be unknown.
  await upstreams.listed();
  const ports = await openFront({ ...common, passing }, parts, opening);
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
      state.leaving = true;
      if (cluster !== null) await sleep(noticeMs);
      state.draining = true;
      ports.drain();
      telemetry.draining(parts.lines.view());
      await cluster?.leave();
      // In a cluster the line goes on, at another gateway, and what waits here keeps its place there.
      const lines = cluster === null ? parts.lines : { drain() {} };
      await drain({ lines, underway: served, timeoutMs: settings.drainTimeoutMs });
      await opened.disposeAsync();
    },
  };
}

type Common = Omit<GatewayOptions, "logForm"> & {
  settings: Settings;
  telemetry: Telemetry;
  metrics: Metrics;
  /** The generations that this gateway keeps the line for. */
  underway: Roster<Underway>;
  /** Those that it serves itself; the same ones, unless there are several gateways. */
  served: Roster<Underway>;
  state: State;
  owner: OwnerDoor;
  /** How many processes serve generations, and share what is bounded. */
  share: number;
  /** Others than this process that listen for a user's next request. */
  ear: Ear;
  ears: { listen(user: string, until: number): void };
};

/** Not loaded where there are no other gateways. */
async function passingOf(others: OtherGateways | null, state: State): Promise<Passing | null> {
  if (others === null) return null;
  const { openPassing } = await import("./cluster/gateways/open-passing.ts");
  return openPassing(others, () => state.publicPort);
}

/** How many processes serve generations. */
const workersOf = ({ workers }: Settings): number =>
  workers === "auto" ? availableParallelism() : workers;

/** Opens the ports: in this process, or in several that have this one as their keeper. */
async function openFront(
  common: Common & { passing: Passing | null },
  parts: AppParts,
  opening: AsyncDisposableStack,
): Promise<Ports> {
  const { settings, metrics, share, telemetry, ear, passing } = common;
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
  if (passing !== null) opening.defer(passing.answer(app, inner));
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

type OpenedParts = {
  parts: AppParts;
  upstreams: OpenUpstreams;
  watched: Watched;
  /** Null: this gateway is alone. */
  cluster: Awaited<ReturnType<ClusterSeat["open"]>>["cluster"];
  passing: Passing | null;
};

/** Opens every part behind the ports, in the order of a request; `opening` closes them. */
async function openParts(common: Common, opening: AsyncDisposableStack): Promise<OpenedParts> {
  const { settings, telemetry, metrics, underway, state, version } = common;
  const seat = createSeat(settings);
  const { ledger, changes } = await openLedgerOf(common, opening);
  const { mayStart } = seat;
  const asked = { ...common, ...(mayStart === undefined ? {} : { mayStart }) };
  const opened = await openGeneration({ ...asked, publicPort: () => state.publicPort }, opening);
  const { users, upstreams, rateLimit, prices, rules } = opened;
  metrics.seed(await seedOf(common, ledger), (user) => users.read().entriesOf(user).length > 0);
  const { lines, models, pools, watch } = upstreams;
  const limits = limitsOver(ledger, common, rateLimit);
  const stopNotes = createStopNotes(settings.usersFile);
  const mayStay = createMayStay(() => users.read());
  opening.use(stopRemovedUsers({ underway, lines, mayStay, stopNotes }));
  // The keeper judges the requests of all by its users.json; what runs here stops by ours too.
  const here = { underway: common.served, lines: { cancel: () => false } };
  if (common.served !== underway) opening.use(stopRemovedUsers({ ...here, mayStay, stopNotes }));
  const answered = { ...settings, ...upstreams, said: rules, prices, ledger, limits };
  const draining = (): boolean => state.draining;
  const seated = await seat.open({
    ...{ ...common, ...pools, upstreams, draining, limits, ledger, health: watch },
    ...{ affinity: createAffinity(), underway: common.served, kept: underway },
  });
  opening.defer(() => seated.cluster?.close());
  const passing = await passingOf(common.others ?? seated.cluster, state);
  const watched = watchedBy({ ...common, upstreams, ledger, users, cluster: passing });
  const parts: AppParts = {
    ...opened.parts,
    ...partsOf(common),
    elsewhere: passing?.elsewhere ?? null,
    askOthers: passing?.askOthers ?? null,
    ...peopleOf(common, users),
    ...{ telemetry, limits, ledger, changes, lines, underway, models },
    identitiesOf: (user) => users.read().entriesOf(user),
    feed: new QueueFeed(lines),
    reads: () => pools.reads,
    ...{ speedOf: metrics.speedOf, upstreamViews: upstreams.views },
    health: watch,
    keeper: seated.keeper,
    draining,
    docs: createDocs(version),
    openRouter: openOpenRouter(answered),
    healthReport: () =>
      healthReport({
        ...{ ...common, ...upstreams, ...watch, users, ledger, cluster: passing },
        draining: state.leaving,
      }),
    metrics: settings.metricsPort === null ? metrics.render : null,
  };
  return { parts, upstreams, watched, passing, cluster: seated.cluster };
}

/** What the calls about people need besides. */
const peopleOf = ({ settings, version, ear }: Common, users: UserDirectory) => ({
  version,
  ear,
  ...{ publicUrl: settings.publicUrl, port: settings.port },
  usersFile: () => (users.state().source === "file" ? settings.usersFile : null),
});

/** The parts that need nothing but settings. */
const partsOf = ({ settings, settingsReport, owner }: Common) => ({
  stored: createStoredResponses(),
  publicAdmin: settings.publicAdmin,
  wall: settings.wall,
  owner,
  settingsReport: settingsReport ?? null,
  cors: createCors(settings.corsOrigins),
});
