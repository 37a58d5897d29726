import { rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { dirname } from "node:path";
import type { Identity } from "./auth/identity.ts";
import { stripCredentials } from "./auth/query-credentials.ts";
import { createLink, readBatch } from "./cluster/link.ts";
import type { Begin, FromWorker, ToWorker, WorkerNotice, WorkerOrder } from "./cluster/messages.ts";
import { createWorkerRelay } from "./cluster/relay.ts";
import { createWorkerSide, type WorkerSide } from "./cluster/workers/worker-side.ts";
import { apiPaths, endpointOf } from "./dialects/endpoints.ts";
import { judgePath, versionTwice } from "./dialects/path.ts";
import type { ExchangeTarget } from "./exchange.ts";
import { type GenerationParts, generation } from "./generation/generation.ts";
import { openLimits } from "./limits/open-limits.ts";
import { openGeneration } from "./serve-generation.ts";
import { otelOptions } from "./serve-options.ts";
import { openPorts, type Ports } from "./server/open-ports.ts";
import type { Settings } from "./settings/settings-table.ts";
import type { Tracing } from "./telemetry/tracing.ts";

// One of the processes that WORKERS asks for: it serves generations. All else is passed on to the
// first process, which keeps the line, the limits and the accounts.

/** If the first process is gone, `disconnect` says so. */
const send = (message: string | WorkerNotice): void =>
  void process.send?.(message, undefined, undefined, () => {});

type Attend = (order: string | WorkerOrder) => void;

/** What the first process has said while nobody attended. */
const unheard: (string | WorkerOrder)[] = [];
let attend: Attend | null = null;
process.on("message", (order: string | WorkerOrder) => {
  if (attend === null) unheard.push(order);
  else attend(order);
});

/** From now on what the first process says comes here; null: it is kept for the next. */
function attendTo(next: Attend | null): void {
  attend = next;
  if (next !== null) for (const order of unheard.splice(0)) next(order);
}

/** What the first process says of the end of all, and when it is gone itself. */
function endWith(begin: Begin): void {
  // A Ctrl-C and systemd reach every process of the group; the first process says when to end.
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => {});
  // Before node:cluster's own listener, which ends the process.
  process.prependListener("disconnect", () => {
    // Without it there are no accounts. Its own folder it could not remove, if it was killed.
    rmSync(dirname(begin.path), { recursive: true, force: true });
    process.exit(1);
  });
}

async function run(begin: Begin): Promise<void> {
  endWith(begin);
  const settings = begin.settings as Settings;
  const link = createLink<FromWorker>({ write: send });
  await using opening = new AsyncDisposableStack();
  const side = createWorkerSide(link, {
    countsConnections: settings.maxConnectionsPerAddress !== null,
    tracing: await openTracing(settings, begin.version, opening, (trouble) => {
      link.send(["tell", ["collector", trouble]]);
    }),
  });
  const stopping = Promise.withResolvers<number>();
  attendTo((order) => {
    if (typeof order === "string") readBatch<ToWorker>(order, side.told);
    else if ("stopWithinMs" in order) stopping.resolve(order.stopWithinMs);
  });
  const ports = await openWorker(begin, settings, side, opening);
  send({ serves: true });
  await ports.close(await stopping.promise);
}

/** A worker pushes the traces of its own exchanges. */
async function openTracing(
  settings: Settings,
  version: string,
  opening: AsyncDisposableStack,
  onCollector: (trouble: string | null) => void,
): Promise<Tracing | null> {
  const pushed = otelOptions(settings, version);
  if (pushed === null || !pushed.traces) return null;
  const { openOtel } = await import("./telemetry/otel/open-otel.ts");
  // The first process pushes the metrics of all.
  const otel = openOtel({ ...pushed, metrics: false }, async () => [], onCollector);
  return opening.adopt(otel, (it) => it.close()).tracing;
}

/** Opens what a worker has, in the order of a request, and its ports. */
async function openWorker(
  begin: Begin,
  settings: Settings,
  side: WorkerSide,
  opening: AsyncDisposableStack,
): Promise<Ports> {
  const { telemetry, keeper, ear, stored } = side;
  const opened = await openGeneration(
    { settings, telemetry, share: begin.share, publicPort: () => begin.publicPort },
    opening,
  );
  const { rateLimit, upstreams } = opened;
  const nothing = { history: () => [], historyOfKey: () => [], onTrouble: () => {} };
  const limits = openLimits({ ...settings, rateLimit, ...nothing });
  const entrance = createEntrance(opened.parts.authenticate);
  const parts: GenerationParts = {
    ...opened.parts,
    ...{ telemetry, keeper, ear, stored, limits },
    authenticate: entrance.authenticate,
    draining: () => side.isDraining,
  };
  const relay = createWorkerRelay(begin.path);
  // Traces are files of which only the newest stay: one process must count them.
  const servesItself = opened.parts.tracer === null;
  const app = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const target = targetOf(request);
    const isOurs = servesItself && target !== null && !side.isDraining;
    // What is refused is refused by the first process, which counts wrong keys of all workers.
    const isKnown = isOurs && !isFromPage(request, settings) && (await entrance.knows(request));
    if (request.socket.destroyed) return;
    if (isKnown) void generation(parts, request, response, target);
    else relay.pass(request, response);
  };
  await upstreams.listed();
  const ports = await openPorts({
    ...settings,
    ...{ port: begin.port, publicPort: begin.publicPort, metricsPort: null },
    ...{ app: (request, response) => void app(request, response), metrics: () => {} },
    admit: side.admit,
    upgrade: relay.passSocket,
  });
  // Shows the kind of each server before the first request.
  void upstreams.models.list(null).catch(() => {});
  return ports;
}

/** The target of a generation; null for all else. */
function targetOf({ method = "GET", url = "" }: IncomingMessage): ExchangeTarget | null {
  try {
    const { path, query, alias } = judgePath(url);
    const { dialect, kind } = endpointOf(method, path);
    if (kind !== "generation" || !apiPaths.test(path) || versionTwice(path) !== null) return null;
    return { path, query: stripCredentials(query), dialect, kind, isOpenRouter: alias };
  } catch {
    return null;
  }
}

/** A web page of another origin reads headers that the first process adds. */
const isFromPage = ({ headers }: IncomingMessage, { corsOrigins }: Settings): boolean =>
  corsOrigins.length > 0 && headers.origin !== undefined;

type Authenticate = GenerationParts["authenticate"];

/** Finds out who asks once, before it is decided where the request is answered. */
function createEntrance(authenticate: Authenticate) {
  const known = new WeakMap<IncomingMessage, Identity>();
  return {
    /** False if nobody is known by what the request says. */
    async knows(request: IncomingMessage): Promise<boolean> {
      try {
        const found = authenticate(request);
        known.set(request, found instanceof Promise ? await found : found);
        return true;
      } catch {
        return false;
      }
    },
    authenticate: (request: IncomingMessage) => known.get(request) ?? authenticate(request),
  };
}

attendTo((order) => {
  if (typeof order === "string" || !("begin" in order)) return;
  attendTo(null);
  run(order.begin).then(
    () => process.exit(0),
    (cause: unknown) => {
      const failed = cause instanceof Error ? cause.message : String(cause);
      process.send?.({ failed } satisfies WorkerNotice, () => process.exit(1));
    },
  );
});
send({ loaded: true });
