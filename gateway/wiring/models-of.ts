import { mayUseModel } from "../auth/may-use-model.ts";
import type { Models } from "../road/parts.ts";
import type { RouteSettings } from "../settings/routing-settings.ts";
import { joinModels } from "../upstreams/join-models.ts";
import type { ModelCatalog } from "../upstreams/model-catalog.ts";

export type ModelsOptions = {
  readonly catalog: ModelCatalog;
  readonly routes: readonly RouteSettings[];
};

/** For the road, and for whoever is told what there is. */
export type ModelsOf = Models & {
  /** The one there is, where but one is known now. */
  only(): string | null;
  /** Those known now that a key may use. */
  names(allowed: readonly string[] | null): string[];
};

/** The names of routes and what the upstreams list, as a key may see them. */
export function modelsOf({ catalog, routes }: ModelsOptions): ModelsOf {
  const names = routes.flatMap(({ model: name, upstreams }) => {
    const [first] = upstreams;
    return first === undefined ? [] : [{ name, ...first }];
  });

  return {
    only() {
      const [one, ...others] = joinModels(catalog.entries(), names, () => true).data;
      return others.length === 0 ? (one?.id ?? null) : null;
    },
    names: (allowed) => {
      const { data } = joinModels(catalog.entries(), names, (id) => mayUseModel(allowed, id));
      return data.map(({ id }) => id);
    },
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

/**
 * Which upstream lists a model, of those that no route names and that are not the fallback anyway.
 */
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
