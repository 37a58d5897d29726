import { mayUseModel } from "../auth/may-use-model.ts";
import type { ReadParts } from "../reads/read.ts";
import type { RouteSettings } from "../settings/read-routes.ts";
import { joinModels } from "../upstreams/join-models.ts";
import type { ModelCatalog } from "../upstreams/model-catalog.ts";
import type { CatalogEntry } from "../upstreams/model-entries.ts";

export type ModelsOptions = {
  readonly catalog: ModelCatalog;
  readonly routes: readonly RouteSettings[];
  /** Whether a request for this model would reach this upstream, under the same name. */
  readonly leads: (model: string, upstream: string) => boolean;
};

/** For the road, and for whoever is told what there is. */
export type ModelsOf = ReadParts["models"] & {
  /** The one there is, where but one is known now. */
  only(): string | null;
  /** Those known now that a key may use. */
  names(allowed: readonly string[] | null): string[];
};

/** The names of routes and what the upstreams list, as a key may see them. */
export function modelsOf({ catalog, routes, leads }: ModelsOptions): ModelsOf {
  const names = routes.flatMap(({ model: name, upstreams }) => {
    const [first] = upstreams;
    return first === undefined ? [] : [{ name, ...first }];
  });

  // What nobody can ask for is not shown, whoever lists it.
  const reached = (entries: readonly CatalogEntry[]): readonly CatalogEntry[] =>
    entries.filter(({ id, upstream }) => leads(id, upstream));
  const known = (): readonly CatalogEntry[] => reached(catalog.entries());

  return {
    only() {
      const [one, ...others] = joinModels(known(), names, () => true).data;
      return others.length === 0 ? (one?.id ?? null) : null;
    },
    names: (allowed) => {
      const { data } = joinModels(known(), names, (id) => mayUseModel(allowed, id));
      return data.map(({ id }) => id);
    },
    async list(allowed) {
      const entries = await catalog.read().catch((error: unknown) => {
        // What routes name is there, whether its upstream is or not.
        if (names.length === 0) throw error;
        return catalog.entries();
      });
      return joinModels(reached(entries), names, (id) => mayUseModel(allowed, id)).data;
    },
  };
}

/**
 * Which upstream lists a model. Where there is a fallback, all that no route names is its own, but for
 * what an upstream lists that no route names either.
 */
export function unroutedListing(
  catalog: Pick<ModelCatalog, "listedBy">,
  routes: readonly RouteSettings[],
  upstreams: readonly { readonly name: string }[],
  fallback: string | null,
): (model: string) => string | null {
  if (fallback === null) return (model) => catalog.listedBy(model)[0] ?? null;
  const routed = new Set(
    routes.flatMap((route) => [...route.upstreams, ...route.fallbacks]).map((one) => one.upstream),
  );
  const others = new Set(
    upstreams.map(({ name }) => name).filter((name) => !routed.has(name) && name !== fallback),
  );
  if (others.size === 0) return () => null;
  return (model) => catalog.listedBy(model).find((name) => others.has(name)) ?? null;
}
