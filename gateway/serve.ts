import { openAnswers } from "./answer/open-answers.ts";
import { openOpenRouter } from "./api/open-openrouter.ts";
import { QueueFeed } from "./api/queue-feed.ts";
import { type AppParts, createApp } from "./app.ts";
import { addressGroup } from "./auth/address-group.ts";
import { createCors } from "./auth/browsers.ts";
import { createMayStay } from "./auth/may-stay.ts";
import { openAccess } from "./auth/open-access.ts";
import { scheduleBackups } from "./backup/backup-schedule.ts";
import { createBodyWork } from "./dialects/tasks/body-thread.ts";
import type { Underway } from "./generation/keeper.ts";
import { createLocalKeeper } from "./generation/local-keeper.ts";
import { stopRemovedUsers } from "./generation/stop-removed-users.ts";
import { type Ledger, openLedger } from "./ledger/ledger.ts";
import { createPrices } from "./ledger/prices.ts";
import { keepRows } from "./ledger/upkeep/row-keeper.ts";
import { createConnectionLimit } from "./limits/connections.ts";
import type { LimitFields } from "./limits/limit-fields.ts";
import type { Limits } from "./limits/limits.ts";
import { openBodies } from "./limits/open-bodies.ts";
import { openLimits } from "./limits/open-limits.ts";
import { createTokenCounter } from "./limits/token-counter.ts";
import { openMiddlewares } from "./middlewares/open-middlewares.ts";
import { createDocs } from "./openapi/docs.ts";
import { Roster } from "./roster.ts";
import { keptFilesOf, otelOptions, upstreamsOptions, watchedBy } from "./serve-options.ts";
import { drain } from "./server/drain.ts";
import { healthReport } from "./server/health-report.ts";
import { createMetricsApp } from "./server/metrics-app.ts";
import { openPorts } from "./server/open-ports.ts";
import { ownAddress } from "./settings/own-address.ts";
import { type Environment, readEnvFile } from "./settings/read-env-file.ts";
import type { Settings } from "./settings/settings-table.ts";
import { upgrade } from "./sockets/upgrade.ts";
import { createEar } from "./telemetry/ear.ts";
import { createTelemetry, type Telemetry } from "./telemetry/events.ts";
import { createLog, type LogForm } from "./telemetry/log.ts";
import { createMetrics, type Metrics } from "./telemetry/metrics.ts";
import { createAffinity } from "./upstreams/affinity.ts";
import type { Finding } from "./upstreams/inspect/finding.ts";
import { createModelRules } from "./upstreams/model-rules.ts";
import { type OpenUpstreams, openUpstreams } from "./upstreams/open-upstreams.ts";
import { createRetries } from "./upstreams/retry.ts";
import { createStoredResponses } from "./upstreams/stored-responses.ts";
import { createTokenize } from "./upstreams/tokenize.ts";
import { createOwnerDoor, type OwnerDoor } from "./users/owner-door.ts";
import { createStopNotes } from "./users/stop-notes.ts";
import { createUserDirectory, type UserDirectory } from "./users/user-directory.ts";

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
  const { telemetry, metrics } = await openSignals(settings, options, opening);
  opening.defer(() => {
    if (state.draining) telemetry.stopped();
  });
  const underway = new Roster<Underway>();
  const owner = opening.use(createOwnerDoor(settings.usersFile));
  const common = { ...options, settings, telemetry, metrics, underway, state, owner };
  const { parts, upstreams } = await openParts(common, opening);
  const ports = await openPorts({
    ...settings,
    admit: createConnectionLimit({
      most: settings.maxConnectionsPerAddress,
      isExempt: parts.doors.isTrusted,
      group: addressGroup,
    }).admit,
    app: createApp(parts),
    metrics: createMetricsApp(parts, metrics.render),
    upgrade: (request, socket, head) => void upgrade(parts, request, socket, head),
  });
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
      telemetry.draining(parts.lines.view());
      await drain({ lines: parts.lines, underway, timeoutMs: settings.drainTimeoutMs });
      await opened.disposeAsync();
    },
  };
}

/** Log, metrics, and what pushes to a collector, which is loaded only where there is one. */
async function openSignals(
  settings: Settings,
  { logForm, version }: GatewayOptions,
  opening: AsyncDisposableStack,
): Promise<{ telemetry: Telemetry; metrics: Metrics }> {
  const log = opening.adopt(createLog({ form: logForm, level: settings.logLevel }), (it) =>
    it.close(),
  );
  const metrics = createMetrics(settings.metricsUsers === "names");
  const pushed = otelOptions(settings, version);
  if (pushed === null) return { telemetry: createTelemetry({ log, metrics }), metrics };
  const { openOtel } = await import("./telemetry/otel/open-otel.ts");
  const onCollector = (trouble: string | null): void => telemetry.collector(trouble);
  const otel = opening.adopt(openOtel(pushed, metrics.read, onCollector), (it) => it.close());
  const telemetry = createTelemetry({ log, metrics, otel });
  return { telemetry, metrics };
}

type Common = Omit<GatewayOptions, "logForm"> & {
  settings: Settings;
  telemetry: Telemetry;
  metrics: Metrics;
  underway: Roster<Underway>;
  state: State;
  owner: OwnerDoor;
};

/** Opens every part behind the ports, in the order of a request; `opening` closes them. */
async function openParts(
  common: Common,
  opening: AsyncDisposableStack,
): Promise<{ parts: AppParts; upstreams: OpenUpstreams }> {
  const { settings, telemetry, metrics, underway, state, version } = common;
  const { users, access, middlewares, tracer, rateLimit } = await openEntrance(common, opening);
  const ledger = openAccounts(common, opening);
  metrics.seed(await ledger.totals(), (user) => users.read().entriesOf(user).length > 0);
  const rules = createModelRules(settings.models);
  const upstreams = opening.use(await openUpstreams(upstreamsOptions(settings, telemetry, rules)));
  const { lines, models, pools, watch } = upstreams;
  metrics.watch(watchedBy({ ...common, upstreams, ledger, users }));
  const limits = limitsOver(ledger, common, rateLimit);
  const tokenize = createTokenize({ usable: watch.health.usable });
  const tokens = createTokenCounter({ byUpstream: tokenize });
  opening.defer(() => tokens.close());
  const mayFrame = tracer === null && middlewares.length === 0;
  const answers = opening.use(openAnswers({ ...settings, mayFrame }));
  const stopNotes = createStopNotes(settings.usersFile);
  const mayStay = createMayStay(() => users.read());
  opening.use(stopRemovedUsers({ underway, lines, mayStay, stopNotes }));
  const prices = createPrices({ ...settings, priceOfModel: (model) => rules(model)?.price });
  const answered = { ...settings, ...upstreams, said: rules, prices, ledger, limits };
  const work = opening.adopt(createBodyWork(), ({ close }) => close());
  const draining = (): boolean => state.draining;
  const kept = { ...common, ...pools, draining, limits, ledger, health: watch };
  const parts: AppParts = {
    ...access,
    ...partsOf(common),
    ...peopleOf(common, users),
    ...{ work, telemetry, tracer, middlewares, limits, tokens, ledger, lines, underway, models },
    identitiesOf: (user) => users.read().entriesOf(user),
    feed: new QueueFeed(lines),
    ...{ route: pools.route, nameOf: pools.nameOf, memberNamed: pools.memberNamed },
    reads: () => pools.reads,
    ...{ speedOf: metrics.speedOf, upstreamViews: upstreams.views },
    hasManyModels: upstreams.upstreams.length > 1 || settings.routes.length > 0,
    health: watch,
    keeper: createLocalKeeper({ ...kept, affinity: createAffinity() }),
    retries: createRetries(),
    costOf: prices.costOf,
    answers: answers.optionsFor,
    draining,
    docs: createDocs(version),
    openRouter: openOpenRouter(answered),
    healthReport: () => healthReport({ ...upstreams, ...state, ...watch, version, users, ledger }),
    metrics: settings.metricsPort === null ? metrics.render : null,
  };
  return { parts, upstreams };
}

/** The ledger, and what keeps it in order. */
function openAccounts(
  { settings, telemetry, version, configFile = null }: Common,
  opening: AsyncDisposableStack,
): Ledger {
  const kept = keptFilesOf(settings, configFile);
  const { databaseFile: file, databaseIfDamaged: ifDamaged, ledgerKeepDays: days } = settings;
  const { ledgerTrouble: onTrouble, ledgerRecovered: onRecovery } = telemetry;
  const ledger = openLedger({ file, ifDamaged, onTrouble, onRecovery });
  opening.defer(() => ledger.shutdown());
  opening.use(keepRows({ file, days, onTrouble, onForgotten: telemetry.rowsForgotten }));
  opening.use(
    scheduleBackups({
      ...{ kept, version, atMinute: settings.backupDaily, keep: settings.backupKeep },
      ...{ onMade: telemetry.backupMade, onTrouble: telemetry.backupTrouble },
    }),
  );
  return ledger;
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
    history: (user, since) => ledger.windowCounts(user, since, Date.now()),
    historyOfKey: (keyId, since) => ledger.keyCounts(keyId, since),
    onTrouble: telemetry.limitsTrouble,
  });

/** What the calls about people need besides. */
const peopleOf = ({ settings, version }: Common, users: UserDirectory) => ({
  version,
  ear: createEar(),
  ...{ publicUrl: settings.publicUrl, port: settings.port },
  usersFile: () => (users.state().source === "file" ? settings.usersFile : null),
});

/** Users, the ways in, and the middlewares of config.yaml. */
async function openEntrance({ settings, telemetry, state }: Common, opening: AsyncDisposableStack) {
  const { usersFile: file, apiKey, apiUser } = settings;
  const users = createUserDirectory({ file, apiKey, apiUser, onTrouble: telemetry.usersFile });
  const { isOpen, tracer, rateLimit, own } = await openMiddlewares({
    middlewares: settings.middlewares,
    cwd: process.cwd(),
    onTraceTrouble: telemetry.traceTrouble,
  });
  opening.defer(() => tracer?.close());
  if (isOpen) telemetry.openDoor();
  const publicPort = (): number | null => state.publicPort;
  const env: Environment = { ...readEnvFile(process.cwd()), ...process.env };
  const secretOf = (name: string) => env[name];
  const access = await openAccess({ ...settings, users, publicPort, isOpen, secretOf });
  // The settings have read these options as limits.
  return { users, access, middlewares: own, tracer, rateLimit: rateLimit as LimitFields | null };
}

/** The parts that need nothing but settings. */
const partsOf = ({ settings, settingsReport, owner }: Common) => ({
  bodies: openBodies(settings),
  timeouts: {
    firstByteMs: settings.firstByteTimeoutMs ?? 0,
    idleMs: settings.idleTimeoutMs ?? 0,
    totalMs: settings.totalTimeoutMs ?? 0,
  },
  conversions: { strict: settings.strictConversion, defaultMaxTokens: settings.defaultMaxTokens },
  streamUpstream: settings.streamUpstream === "auto",
  stored: createStoredResponses(),
  publicAdmin: settings.publicAdmin,
  wall: settings.wall,
  owner,
  settingsReport: settingsReport ?? null,
  cors: createCors(settings.corsOrigins),
});
