import { GatewayError } from "../errors.ts";
import type { GenerationParts } from "../generation/generation.ts";
import { createLine, type Line } from "../line/line.ts";
import type { Settings } from "../settings/settings-table.ts";
import type { Destination, PoolMember } from "../upstreams/destination.ts";
import { createPassThrough } from "../upstreams/pass-through.ts";
import { createRouting, poolsOf, type Route, type Way } from "../upstreams/routing.ts";
import { followSlotCounts } from "../upstreams/slot-count.ts";
import type { Upstream } from "../upstreams/upstream.ts";

/** An upstream that runs, and how it is configured. */
export type Configured = {
  readonly upstream: Upstream;
  readonly maxConcurrent: number | "auto";
  readonly weight: number;
  readonly box: string | null;
  /** It takes nothing new. */
  readonly drain: boolean;
  readonly exclusiveModels: boolean;
};

export type PoolsOptions = {
  readonly configured: readonly Configured[];
  readonly routes: readonly Route[];
  /** The upstream for all that no route names; null: there is none. */
  readonly fallback: string | null;
  /** Which upstream lists a model, of those that no route names. */
  readonly listedBy: (model: string) => string | null;
  /** The names there are of those that a key may use, for whoever asked for none of them. */
  readonly knownModels: (allowed: readonly string[] | null) => readonly string[];
  /** What the model is called in truth, where MODEL_ID stands for it; null: it is its own name. */
  readonly meantBy: (model: string) => string | null;
  /** Whether an upstream takes new work at present. */
  readonly usable: (upstream: string) => boolean;
  /** How many generations of a model fill an upstream, or its box, alone. */
  readonly modelCapacity: ((model: string) => number | null) | null;
  readonly onSwap: () => void;
};

/** Every upstream in its pool, every pool with its line, and the way from a model to them. */
export type Pools = {
  readonly lines: readonly Line[];
  /** How many slots the upstreams have that take new work at present. */
  usableSlots(): number;
  /** As `GenerationParts.route`. */
  route: GenerationParts["route"];
  /** Whether a request for this model would reach this upstream, under the same name. */
  leads(model: string, upstream: string): boolean;
  /** Who answers what is no generation and names no model. */
  readonly reads: PoolMember;
  /** An upstream's health has changed: who waits for it may go, or go elsewhere. */
  reconsider(): void;
  close(): void;
};

/** Capacity of an upstream until it has said how many slots it has. */
const untilKnown = 1;

/** Makes the pools, and follows how many slots those upstreams have whose capacity is `auto`. */
export function openPools(settings: Settings, options: PoolsOptions): Pools {
  const { configured, routes, fallback } = options;
  const { connectTimeoutMs } = settings;
  const silenceMs = settings.firstByteTimeoutMs ?? 0;
  const members = new Map<string, PoolMember>();
  for (const { upstream } of configured) {
    members.set(upstream.name, {
      upstream,
      passThrough: createPassThrough(upstream, { silenceMs, connectTimeoutMs }),
    });
  }
  const byName = new Map(configured.map((one) => [one.upstream.name, one]));
  const lineOf = new Map<string, Line>();
  const lines: Line[] = [];
  const asked: Upstream[] = [];
  const slots = new Map(configured.map((one) => [one.upstream.name, slotsOf(one)]));
  const named = configured.map(({ upstream, box }) => ({ name: upstream.name, box }));
  for (const names of poolsOf(named, routes)) {
    const pool = names.flatMap((name) => byName.get(name) ?? []);
    const line = lineFor(settings, pool, options);
    lines.push(line);
    for (const { upstream, maxConcurrent } of pool) {
      lineOf.set(upstream.name, line);
      if (maxConcurrent === "auto") asked.push(upstream);
    }
  }
  const slotCounts = followSlotCounts(asked, (name, found) => {
    slots.set(name, found);
    const line = lineOf.get(name);
    const isAlone = [...lineOf.values()].filter((one) => one === line).length === 1;
    line?.setCapacity(found, isAlone ? undefined : name);
  });
  const routing = createRouting({ routes, fallback, listedBy: options.listedBy });
  const destinationOf = destinations(lineOf, members);
  const reads = members.get(fallback ?? configured[0]?.upstream.name ?? "");
  if (reads === undefined) throw new Error("a gateway needs an upstream");
  return {
    lines,
    reads,
    usableSlots() {
      let sum = 0;
      for (const [name, count] of slots) if (options.usable(name)) sum += count;
      return sum;
    },
    leads(model, upstream) {
      const way = routing(model);
      if (way === null || !way.seats.list.some((seat) => seat.upstream === upstream)) return false;
      return (way.names.get(upstream) ?? model) === model;
    },
    route(model, allowed) {
      const meant = model === null ? null : options.meantBy(model);
      const way = routing(meant ?? model);
      if (way === null) throw nowhere(model, options.knownModels(allowed));
      const destination = destinationOf(way);
      return meant === null ? destination : called(destination, meant);
    },
    reconsider() {
      for (const line of lines) line.reconsider();
    },
    close() {
      slotCounts.stop();
      for (const { passThrough } of members.values()) passThrough.close();
    },
  };
}

const slotsOf = ({ maxConcurrent }: Configured): number =>
  maxConcurrent === "auto" ? untilKnown : maxConcurrent;

/** Where each way leads; made when it is first taken, and one object from then on. */
function destinations(
  lineOf: ReadonlyMap<string, Line>,
  members: ReadonlyMap<string, PoolMember>,
): (way: Way) => Destination {
  const known = new Map<Way, Destination>();
  return (way) => {
    let destination = known.get(way);
    if (destination === undefined) {
      const name = way.seats.list[0]?.upstream ?? "";
      const line = lineOf.get(name);
      const first = members.get(name);
      if (line === undefined || first === undefined) throw new Error(`no upstream ${name}`);
      destination = { line, first, members, names: way.names, seats: way.seats };
      known.set(way, destination);
    }
    return destination;
  };
}

/** The same under a name that upstreams know, where a route gives them no other. */
function called(destination: Destination, model: string): Destination {
  const { members, names, seats } = destination;
  const all = Array.from(members.keys(), (name) => [name, names.get(name) ?? model] as const);
  // The line, too, knows it by that name: it is no other model where one at a time is held.
  const list = seats.list.map((seat) => ({ ...seat, model: seat.model ?? model }));
  const key = `${seats.key}\u0000${model}`;
  return { ...destination, names: new Map(all), seats: { key, list } };
}

function lineFor(settings: Settings, pool: readonly Configured[], options: PoolsOptions): Line {
  const { maxQueue, maxConcurrentPerUser, maxQueuedPerUser, maxUnfairnessMs } = settings;
  const upstreams = pool.map((one) => ({
    name: one.upstream.name,
    capacity: slotsOf(one),
    weight: one.weight,
    box: one.box,
    exclusive: one.exclusiveModels,
  }));
  const { usable, modelCapacity, onSwap } = options;
  const rules = { maxQueue, maxConcurrentPerUser, maxQueuedPerUser, maxUnfairnessMs };
  const [only] = upstreams;
  const own = modelCapacity === null ? {} : { modelCapacity };
  if (only === undefined || upstreams.length > 1) {
    return createLine({ ...rules, ...own, upstreams, usable, onSwap });
  }
  // An upstream that is alone takes what comes: its own error is the best answer there is.
  const { capacity, exclusive } = only;
  // In a box its models share its time; without one each has its capacity for itself.
  if (only.box !== null) return createLine({ ...rules, ...own, upstreams, onSwap });
  return createLine({ ...rules, ...own, capacity, exclusiveModels: exclusive, onSwap });
}

/** So many names are worth reading in an error. */
const mostNames = 50;

function nowhere(model: string | null, known: readonly string[]): GatewayError {
  const shown = known.slice(0, mostNames).join(", ");
  const more = known.length > mostNames ? ", and more" : "";
  const list =
    known.length === 0 ? "No model is available at present." : `Available: ${shown}${more}.`;
  if (model === null) {
    return new GatewayError("invalid_request", `The request must name a model. ${list}`, {
      param: "model",
    });
  }
  const name = model.slice(0, 100);
  return new GatewayError("model_not_found", `There is no model ${JSON.stringify(name)}. ${list}`, {
    param: "model",
  });
}
