import { setTimeout as sleep } from "node:timers/promises";
import { type AllLines, allLines } from "../line/all-lines.ts";
import {
  type ConfiguredOptions,
  type ConfiguredUpstream,
  openConfigured,
} from "./configured-upstreams.ts";
import type { Finding } from "./inspect/finding.ts";
import { createStartFindings, type StartFindings } from "./inspect/start-findings.ts";
import { createKnownModels, type KnownModels, unroutedListing } from "./known-models.ts";
import { createModelCatalog, type ModelCatalog } from "./model-catalog.ts";
import { createModelLoads, type ModelLoads, type UpstreamLoads } from "./model-loads.ts";
import { openPools, type Pools, type PoolsOptions } from "./open-pools.ts";
import { createRouting, type Route } from "./routing.ts";
import type { Upstream } from "./upstream.ts";
import { type UpstreamWatch, watchUpstreams } from "./watch-upstreams.ts";

export type UpstreamsOptions = Omit<ConfiguredOptions, "routes"> &
  Omit<PoolsOptions, "configured" | "fallback" | "routing" | "models" | "usable" | "passing"> & {
    readonly routes: readonly Route[];
    /** How long a read may be silent; null is off. Milliseconds. */
    readonly firstByteTimeoutMs: number | null;
    /** An upstream is used from now on, or no longer. */
    readonly onChange: (upstream: string, up: boolean, reason: string | null) => void;
    /** Something at an upstream needs attention. */
    readonly onFinding: (finding: Finding) => void;
  };

/** An upstream with its slots, its models, and how often it loaded one. */
export type UpstreamNow = {
  upstream: Upstream;
  capacity: number;
  active: number;
  models: ReturnType<KnownModels["at"]>;
  loads: UpstreamLoads | null;
};

/** The upstreams, their health, their models, and the lines in front of them. */
export type OpenUpstreams = AsyncDisposable & {
  readonly upstreams: readonly Upstream[];
  /** The name of the upstream for models that no route names; null: there is none. */
  readonly fallback: string | null;
  /** True if nothing is configured, and the echo answers. */
  readonly isEcho: boolean;
  readonly watch: UpstreamWatch;
  readonly models: KnownModels;
  readonly pools: Pools;
  readonly lines: AllLines;
  readonly findings: StartFindings;
  /** Each upstream with its slots, and the models that it is known to list. */
  views(): UpstreamNow[];
  /**
   * Asks for the models once, which shows the kind of each server before the first request, and
   * looks for what needs attention. Never rejects.
   */
  look(): Promise<void>;
  /**
   * Resolves when it is known where a model leads: at once if there is a fallback, else when all have
   * listed their models, or have not done so within two seconds. Never rejects.
   */
  listed(): Promise<void>;
};

/** A start waits so long for lists of models. Milliseconds. */
const firstListsMs = 2_000;

const nameOf = ({ upstream }: { upstream: Upstream }): string => upstream.name;

const viewsOf = (
  upstreams: readonly Upstream[],
  pools: Pools,
  models: KnownModels,
  loads: ModelLoads,
): UpstreamNow[] =>
  upstreams.map((upstream) => {
    const { name } = upstream;
    return { upstream, ...pools.slotsAt(name), models: models.at(name), loads: loads.of(name) };
  });

/** A list of models is fresh for so long, and each question may take so long. Milliseconds. */
const listing = { freshMs: 5_000, timeoutMs: 10_000 };

const findingsOf = (
  { onFinding, env }: UpstreamsOptions,
  inspected: readonly ConfiguredUpstream[],
): StartFindings =>
  createStartFindings({
    inspected: inspected.map((one) => ({ ...one, capacity: one.maxConcurrent })),
    tell: onFinding,
    // docker-compose.yml sets it.
    isContainer: (env.PUBLISHED_PORT ?? "") !== "",
    timeoutMs: listing.timeoutMs,
  });

/**
 * Opens all of it; nothing connects yet. Rejects with a one-line Error if a file or a proxy cannot
 * be used, and then leaves nothing open.
 */
export async function openUpstreams(options: UpstreamsOptions): Promise<OpenUpstreams> {
  await using opening = new AsyncDisposableStack();
  const { routes, connectTimeoutMs, firstByteTimeoutMs } = options;
  const { configured, fallback, isEcho } = await openConfigured(options, opening);
  const upstreams = configured.map(({ upstream }) => upstream);
  const retired = new Set(configured.flatMap((one) => (one.drain ? [one.upstream.name] : [])));
  const findings = findingsOf(options, isEcho ? [] : configured);
  const watch = watchUpstreams(upstreams, (name, up, reason) => {
    options.onChange(name, up, reason);
    void findings.look(name);
  });
  const { health } = watch;
  opening.defer(() => health.stop());
  const loads = createModelLoads(configured.filter((one) => one.exclusiveModels).map(nameOf));
  const catalog = createModelCatalog({
    ...{ ...listing, upstreams, onList: loads.listed },
    ...{ onAnswered: health.noteAnswered, onFailed: watch.unanswered },
  });
  const listedBy = unroutedListing(catalog, routes, upstreams, fallback);
  const routing = createRouting({ routes, fallback, listedBy });
  const models = createKnownModels({ catalog, routes, routing });
  const pools = openPools({
    ...options,
    configured,
    fallback,
    routing,
    models,
    usable: (name) => !retired.has(name) && health.usable(name),
    onSwap(upstream, model) {
      loads.swapped(upstream, model);
      options.onSwap(upstream, model);
    },
    passing: { silenceMs: firstByteTimeoutMs ?? 0, connectTimeoutMs },
  });
  opening.defer(() => pools.close());
  watch.whenUsable(pools.reconsider);
  watch.whenBack(pools.cameBack);
  const opened = opening.move();
  return {
    upstreams,
    fallback,
    isEcho,
    watch,
    models,
    pools,
    lines: allLines(pools.lines, pools.usableSlots),
    findings,
    views: () => viewsOf(upstreams, pools, models, loads),
    listed: () => (fallback === null ? firstLists(catalog) : Promise.resolve()),
    async look() {
      await Promise.all([catalog.read().catch(() => {}), findings.look()]);
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

async function firstLists(catalog: Pick<ModelCatalog, "read">): Promise<void> {
  const waiting = new AbortController();
  const late = sleep(firstListsMs, undefined, waiting).catch(() => {});
  await Promise.race([catalog.read().catch(() => {}), late]);
  waiting.abort();
}
