import type { CatalogEntry, ModelStatus } from "./model-entries.ts";
import { shownUpstream } from "./shown-upstream.ts";

/** A name that a route gives, and where it leads first. `model`: null is the same name. */
export type RouteName = {
  readonly name: string;
  readonly upstream: string;
  readonly model: string | null;
};

/** A model in OpenAI's list, with what else its server says of it. */
export type ListedModel = Readonly<Record<string, unknown>> & {
  readonly id: string;
  readonly object: "model";
  /** Unix seconds. */
  readonly created: number;
  readonly owned_by: string;
};

export type ModelListing = { readonly object: "list"; readonly data: readonly ListedModel[] };

/** What answers sooner is shown, where several upstreams list a model. */
const readiness: readonly (ModelStatus | null)[] = [
  "loaded",
  null,
  "loading",
  "sleeping",
  "unloaded",
];

/**
 * OpenAI's list of models: first the names of routes, then what the upstreams list, each name once.
 * A glob is no name; what it leads to is listed by its upstream. Only what `allowed` says a key may
 * use.
 */
export function joinModels(
  entries: readonly CatalogEntry[],
  routeNames: readonly RouteName[],
  allowed: (id: string) => boolean,
): ModelListing {
  const listed = new Map<string, CatalogEntry>();
  const byUpstream = new Map<string, CatalogEntry>();
  for (const entry of entries) {
    byUpstream.set(placeOf(entry.upstream, entry.id), entry);
    const other = listed.get(entry.id);
    if (other === undefined || sooner(entry, other)) listed.set(entry.id, entry);
  }
  const data = new Map<string, ListedModel>();
  for (const { name, upstream, model } of routeNames) {
    if (name.includes("*") || data.has(name) || !allowed(name)) continue;
    const target = byUpstream.get(placeOf(upstream, model ?? name));
    data.set(name, target === undefined ? unlisted(name, upstream) : shown(name, target));
  }
  for (const [id, entry] of listed) {
    if (!data.has(id) && allowed(id)) data.set(id, shown(id, entry));
  }
  return { object: "list", data: [...data.values()] };
}

const placeOf = (upstream: string, model: string): string => `${upstream}\n${model}`;

const sooner = (one: CatalogEntry, other: CatalogEntry): boolean =>
  readiness.indexOf(one.status) < readiness.indexOf(other.status);

function shown(id: string, { created, ownedBy, raw, status }: CatalogEntry): ListedModel {
  const named =
    status === null || raw.status !== undefined ? raw : { ...raw, status: { value: status } };
  return { ...named, id, object: "model", created, owned_by: ownedBy };
}

const unlisted = (id: string, upstream: string): ListedModel => ({
  id,
  object: "model",
  created: 0,
  owned_by: shownUpstream(upstream),
});
