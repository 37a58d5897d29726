import { type AllLines, allLines } from "../line/all-lines.ts";
import type { Settings } from "../settings/settings-table.ts";
import type { Telemetry } from "../telemetry/events.ts";
import { createModelCatalog } from "../upstreams/model-catalog.ts";
import type { Upstream } from "../upstreams/upstream.ts";
import { type ModelWords, modelWordsOf } from "./model-words-of.ts";
import { type ModelsOf, modelsOf, unroutedListing } from "./models-of.ts";
import { openPools, type Pools } from "./open-pools.ts";
import { openUpstreams } from "./open-upstreams.ts";
import { type UpstreamWatch, watchUpstreams } from "./watch-upstreams.ts";

/**
 * All that stands behind the road: the upstreams, how they fare, what they list, the lines before
 * them.
 */
export type UpstreamSide = {
  readonly upstreams: readonly Upstream[];
  /** The name of the one for all that no route names; null: there is none. */
  readonly fallback: string | null;
  /** Nothing is configured, and the echo answers. */
  readonly isEcho: boolean;
  readonly watch: UpstreamWatch;
  readonly models: ModelsOf;
  readonly words: ModelWords;
  readonly pools: Pools;
  readonly lines: AllLines;
  /**
   * Asks what they list, which shows what kind of servers they are before the first request needs
   * to know.
   */
  look(): void;
  close(): Promise<void>;
};

/**
 * Opens it as the settings say; nothing connects yet. Rejects with a one-line Error where it
 * cannot.
 */
export async function openUpstreamSide(
  settings: Settings,
  telemetry: Pick<Telemetry, "upstreamState" | "swapped">,
): Promise<UpstreamSide> {
  const { routes } = settings;
  const { configured, fallback, echo } = await openUpstreams(settings);
  const upstreams = configured.map(({ upstream }) => upstream);
  const retired = new Set(configured.flatMap((one) => (one.drain ? [one.upstream.name] : [])));
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
    onFailed: watch.unanswered,
  });
  const models = modelsOf({ catalog, routes, leads: (model, name) => pools.leads(model, name) });
  const words = modelWordsOf(settings);
  const pools = openPools(settings, {
    configured,
    routes,
    fallback,
    listedBy: unroutedListing(catalog, routes, upstreams, fallback),
    knownModels: models.names,
    meantBy: (model) => (model === settings.modelId ? models.only() : null),
    usable: (name) => !retired.has(name) && health.usable(name),
    modelCapacity: words.modelCapacity,
    onSwap: telemetry.swapped,
  });
  const lines = allLines(pools.lines, pools.usableSlots);
  return {
    ...{ upstreams, fallback, isEcho: echo !== null, watch, models, words, pools, lines },
    look: () => void catalog.read().catch(() => {}),
    async close() {
      health.stop();
      pools.close();
      await Promise.all(upstreams.map(({ connections }) => connections.close()));
      await echo?.close();
    },
  };
}
