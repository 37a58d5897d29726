import { mayUseModel } from "../auth/may-use-model.ts";
import { joinModels, type ListedModel } from "./join-models.ts";
import type { ModelCatalog } from "./model-catalog.ts";
import type { CatalogEntry, ModelStatus } from "./model-entries.ts";
import { leadsTo, type Route, type Routing } from "./routing.ts";

/** The models that the gateway knows: those of the routes, and those that the upstreams list. */
export type KnownModels = {
  /**
   * The models that a key with these globs may use; null: all.
   *
   * @param reloads - has servers look for new models first
   */
  list(allowed: readonly string[] | null, reloads?: boolean): Promise<readonly ListedModel[]>;
  /** The models of an upstream that requests can reach, as far as they are known now. */
  at(upstream: string): { id: string; status: ModelStatus | null }[];
  /** The only model; null if there are several, or none is known now. */
  only(): string | null;
  /** The names that a key may use, of those that are known now. */
  names(allowed: readonly string[] | null): string[];
};

/** Joins the names of the routes and the lists of the upstreams. */
export function createKnownModels(options: {
  readonly catalog: ModelCatalog;
  readonly routes: readonly Route[];
  readonly routing: Routing;
}): KnownModels {
  const { catalog, routes, routing } = options;
  const names = routes.flatMap(({ model: name, upstreams }) => {
    const [first] = upstreams;
    return first === undefined ? [] : [{ name, ...first }];
  });

  // A model that no request can reach is not shown, even if an upstream lists it.
  const reached = (entries: readonly CatalogEntry[]): readonly CatalogEntry[] =>
    entries.filter(({ id, upstream }) => leadsTo(routing, id, upstream));
  const reachedNow = (): readonly CatalogEntry[] => reached(catalog.entries());

  return {
    only() {
      const [one, ...others] = joinModels(reachedNow(), names, () => true).data;
      return others.length === 0 ? (one?.id ?? null) : null;
    },
    at: (name) =>
      reachedNow()
        .filter(({ upstream }) => upstream === name)
        .map(({ id, status }) => ({ id, status })),
    names(allowed) {
      const { data } = joinModels(reachedNow(), names, (id) => mayUseModel(allowed, id));
      return data.map(({ id }) => id);
    },
    async list(allowed, reloads) {
      const entries = await catalog.read(reloads).catch((error: unknown) => {
        // The names of the routes are known even if no upstream answers.
        if (names.length === 0) throw error;
        return catalog.entries();
      });
      return joinModels(reached(entries), names, (id) => mayUseModel(allowed, id)).data;
    },
  };
}

/**
 * Finds the upstream that lists a model, for models that no route names. An upstream that is only a
 * fallback of routes is never found: nobody reaches an expensive cloud by naming its models. If
 * there is an upstream for all other models, it gets all of them, except those that another
 * upstream without a route lists.
 */
export function unroutedListing(
  catalog: Pick<ModelCatalog, "listedBy">,
  routes: readonly Route[],
  upstreams: readonly { readonly name: string }[],
  fallback: string | null,
): (model: string) => string | null {
  const first = new Set(routes.flatMap((route) => route.upstreams).map((one) => one.upstream));
  const fallbacks = routes.flatMap((route) => route.fallbacks).map((one) => one.upstream);
  const spare = new Set(fallbacks.filter((name) => !first.has(name)));
  if (fallback === null) {
    return (model) => catalog.listedBy(model).find((name) => !spare.has(name)) ?? null;
  }
  const routed = new Set(
    routes.flatMap((route) => [...route.upstreams, ...route.fallbacks]).map((one) => one.upstream),
  );
  const others = new Set(
    upstreams.map(({ name }) => name).filter((name) => !routed.has(name) && name !== fallback),
  );
  if (others.size === 0) return () => null;
  return (model) => catalog.listedBy(model).find((name) => others.has(name)) ?? null;
}
