import { BoundedMap } from "../bounded-map.ts";
import { matchesGlob } from "../kinds/glob.ts";
import type { RouteSeats } from "../line/line.ts";

/** Where a route leads: an upstream, and the model's name there (null: the name in the request). */
export type RoutedUpstream = { readonly upstream: string; readonly model: string | null };

/** A rule from model names to upstreams. `model` is a name, or a glob in which `*` is anything. */
export type Route = {
  readonly model: string;
  readonly upstreams: readonly RoutedUpstream[];
  readonly fallbacks: readonly RoutedUpstream[];
};

/** Where a model's name leads; always the same object for the same route. */
export type Way = {
  readonly seats: RouteSeats;
  /** The model's name at each upstream that uses another name. */
  readonly names: ReadonlyMap<string, string>;
};

export type RoutingOptions = {
  readonly routes: readonly Route[];
  /** The upstream for models that no route names; null: there is none. */
  readonly fallback: string | null;
  /** The upstream without a route that lists this model. */
  readonly listedBy: (model: string) => string | null;
};

/** Where a model's name leads; null: nowhere. A request without a model asks for null. */
export type Routing = (model: string | null) => Way | null;

/** Clients choose model names; the ways of this many names are remembered. */
const mostRemembered = 1000;

/**
 * Finds the upstreams of a model: by the first route that matches; else an upstream that lists the
 * model and that no route names; else the fallback. A request without a model goes where every name
 * goes: to a route for `*`, or to the fallback.
 */
export function createRouting(options: RoutingOptions): Routing {
  const ways = options.routes.map((route, index) => ({
    matches: (model: string) => matchesGlob(route.model, model),
    way: wayOf(route, `route ${index}`),
  }));
  const direct = new Map<string, Way>();
  const remembered = new BoundedMap<Way | null>(mostRemembered);
  const { fallback } = options;

  function directTo(upstream: string): Way {
    let way = direct.get(upstream);
    if (way === undefined) {
      const target = { upstream, model: null };
      way = wayOf({ upstreams: [target], fallbacks: [] }, `upstream ${upstream}`);
      direct.set(upstream, way);
    }
    return way;
  }

  const anyModel = ways.find(({ matches }) => matches(""))?.way ?? null;
  const otherwise = fallback === null ? null : directTo(fallback);

  function byRoute(model: string): Way | null {
    const known = remembered.get(model);
    if (known !== undefined) return known;
    const way = ways.find(({ matches }) => matches(model))?.way ?? null;
    remembered.set(model, way);
    return way;
  }

  return (model) => {
    if (model === null) return anyModel ?? otherwise;
    const way = byRoute(model);
    if (way !== null) return way;
    const listed = options.listedBy(model);
    return listed === null ? otherwise : directTo(listed);
  };
}

/** Whether a request for this model would reach this upstream, under the same name. */
export function leadsTo(routing: Routing, model: string, upstream: string): boolean {
  const way = routing(model);
  if (way === null || !way.seats.list.some((seat) => seat.upstream === upstream)) return false;
  return (way.names.get(upstream) ?? model) === model;
}

function wayOf(route: Pick<Route, "upstreams" | "fallbacks">, key: string): Way {
  const names = new Map<string, string>();
  const seats = new Map<string, RouteSeats["list"][number]>();
  const tiers = [route.upstreams, ...route.fallbacks.map((target) => [target])];
  for (const [tier, targets] of tiers.entries()) {
    for (const { upstream, model } of targets) {
      if (seats.has(upstream)) continue;
      seats.set(upstream, Object.freeze({ upstream, tier, model }));
      if (model !== null) names.set(upstream, model);
    }
  }
  const list = Object.freeze([...seats.values()]);
  return Object.freeze({ seats: Object.freeze({ key, list }), names });
}

/**
 * Upstreams that can serve each other's work, or share a box, in one pool each: a pool has one
 * line. Every upstream is in exactly one.
 */
export function poolsOf(
  upstreams: readonly { readonly name: string; readonly box: string | null }[],
  routes: readonly Route[],
): string[][] {
  const poolOf = new Map(upstreams.map(({ name }) => [name, [name]]));
  const join = (names: readonly string[]): void => {
    const [first, ...others] = names;
    const pool = first === undefined ? undefined : poolOf.get(first);
    if (pool === undefined) return;
    for (const other of others) {
      const theirs = poolOf.get(other);
      if (theirs === undefined || theirs === pool) continue;
      pool.push(...theirs);
      for (const name of theirs) poolOf.set(name, pool);
    }
  };
  for (const { upstreams: sharing, fallbacks } of routes) {
    join([...sharing, ...fallbacks].map(({ upstream }) => upstream));
  }
  const boxes = Map.groupBy(upstreams, ({ box }) => box);
  for (const [box, sharing] of boxes) if (box !== null) join(sharing.map(({ name }) => name));
  return [...new Set(poolOf.values())];
}
