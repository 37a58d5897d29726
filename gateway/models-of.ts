import { mayUseModel } from "./auth/may-use-model.ts";
import { costOf, type Price } from "./ledger/cost.ts";
import type { Models, Served } from "./road/parts.ts";
import type { ModelSettings, RouteSettings } from "./settings/routing-settings.ts";
import type { Settings } from "./settings/settings.ts";
import { joinModels } from "./upstreams/join-models.ts";
import type { ModelCatalog } from "./upstreams/model-catalog.ts";

/** What the settings say of models: what they cost, how many run at once. */
export type ModelWords = {
  /** What the first entry says whose name matches; null: none does. */
  of(model: string): ModelSettings | null;
  priceOf(model: string | null): Price;
  /** In US dollars; null where usage is not known. */
  costOf(served: Served): number | null;
  /** Null where no model has a capacity of its own. */
  readonly modelCapacity: ((model: string) => number | null) | null;
};

/** Clients choose model names; of so many is remembered what is said of them. */
const mostRemembered = 1000;

export function modelWordsOf(settings: Settings): ModelWords {
  const { models } = settings;
  const general: Price = {
    input: settings.pricePerPromptToken,
    cached: null,
    output: settings.pricePerCompletionToken,
    second: 0,
  };
  const remembered = new Map<string, ModelSettings | null>();

  function of(model: string): ModelSettings | null {
    if (models.length === 0) return null;
    let found = remembered.get(model);
    if (found === undefined) {
      found = models.find((one) => mayUseModel([one.model], model)) ?? null;
      if (remembered.size >= mostRemembered) remembered.clear();
      remembered.set(model, found);
    }
    return found;
  }

  const priceOf = (model: string | null): Price => of(model ?? "")?.price ?? general;
  return {
    of,
    priceOf,
    costOf({ model, upstreamModel, usage, upstreamMs }) {
      // What is said of the name that was asked for counts before what is said of the model behind it.
      const price = of(model ?? "")?.price ?? of(upstreamModel ?? "")?.price ?? general;
      return costOf(price, usage, upstreamMs);
    },
    modelCapacity: models.some(({ maxConcurrent }) => maxConcurrent !== null)
      ? (model) => of(model)?.maxConcurrent ?? null
      : null,
  };
}

export type ModelsOptions = {
  readonly catalog: ModelCatalog;
  readonly routes: readonly RouteSettings[];
};

/** For the road, and for whoever is told what there is. */
export type ModelsOf = Models & {
  /** Those known now. */
  names(): string[];
};

/** The names of routes and what the upstreams list, as a key may see them. */
export function modelsOf({ catalog, routes }: ModelsOptions): ModelsOf {
  const names = routes.flatMap(({ model: name, upstreams }) => {
    const [first] = upstreams;
    return first === undefined ? [] : [{ name, ...first }];
  });

  return {
    names: () => joinModels(catalog.entries(), names, () => true).data.map(({ id }) => id),
    async list(allowed) {
      const entries = await catalog.read().catch((error: unknown) => {
        // What routes name is there, whether its upstream is or not.
        if (names.length === 0) throw error;
        return catalog.entries();
      });
      return joinModels(entries, names, (id) => mayUseModel(allowed, id)).data;
    },
  };
}

/** Which upstream lists a model, of those that no route names and that are not the fallback anyway. */
export function unroutedListing(
  catalog: Pick<ModelCatalog, "listedBy">,
  routes: readonly RouteSettings[],
  upstreams: readonly { readonly name: string }[],
  fallback: string | null,
): (model: string) => string | null {
  const routed = new Set(
    routes.flatMap((route) => [...route.upstreams, ...route.fallbacks]).map((one) => one.upstream),
  );
  const others = new Set(
    upstreams.map(({ name }) => name).filter((name) => !routed.has(name) && name !== fallback),
  );
  if (others.size === 0) return () => null;
  return (model) => catalog.listedBy(model).find((name) => others.has(name)) ?? null;
}
