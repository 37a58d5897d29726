import type { Line } from "../line/line.ts";
import type { ConfiguredUpstream } from "./configured-upstreams.ts";
import {
  createDestinations,
  type Destination,
  type PoolMember,
  withModelName,
} from "./destination.ts";
import type { KnownModels } from "./known-models.ts";
import { noSuchModel } from "./no-such-model.ts";
import { createPassThrough, type PassThroughOptions } from "./pass-through.ts";
import { createPoolLine, type PoolLineOptions, slotsOf } from "./pool-line.ts";
import { poolsOf, type Route, type Routing } from "./routing.ts";
import { followSlotCounts } from "./slot-count.ts";

export type PoolsOptions = PoolLineOptions & {
  readonly configured: readonly ConfiguredUpstream[];
  readonly routes: readonly Route[];
  readonly routing: Routing;
  /** The upstream for models that no route names; null: there is none. */
  readonly fallback: string | null;
  readonly models: Pick<KnownModels, "names" | "only">;
  /** MODEL_ID, a name that stands for the only model; null: there is none. */
  readonly modelId: string | null;
  readonly passing: PassThroughOptions;
};

/** Every upstream in its pool, every pool with its line, and the way from a model to them. */
export type Pools = {
  readonly lines: readonly Line[];
  /** The line that this upstream is behind. */
  lineAt(upstream: string): Line;
  /** The slots of an upstream, and how many of them are in use. */
  slotsAt(upstream: string): { capacity: number; active: number };
  /** Each pool, named after its upstreams. */
  poolViews(): (ReturnType<Line["view"]> & { readonly name: string })[];
  /** The slots of the upstreams that take new work at present. */
  usableSlots(): number;
  /**
   * The name that the gateway knows a model by. Ollama's clients call a model the same with
   * `:latest` and without: an unknown name stands for the other of the two, if that one is known.
   */
  nameOf(model: string | null): string | null;
  /**
   * Where a model is served. Throws 404 for an unknown model, or 400 where one must be named. Both
   * list the models of `allowed`, which the key may use (null: all).
   */
  route(model: string | null, allowed: readonly string[] | null): Destination;
  /** The upstream for reads that name no model. */
  readonly reads: PoolMember;
  /** The upstream of this name. */
  memberNamed(upstream: string): PoolMember | undefined;
  /** The health of an upstream has changed: requests that wait may start, there or elsewhere. */
  reconsider(): void;
  /** An upstream has come back, maybe with another number of slots. */
  cameBack(upstream: string): void;
  close(): void;
};

/** Makes the pools, and follows the slots of upstreams with the capacity `auto`. */
export function openPools(options: PoolsOptions): Pools {
  const { configured, routing, fallback, models, modelId } = options;
  const members = membersOf(options);
  const reads = members.get(fallback ?? configured[0]?.upstream.name ?? "");
  if (reads === undefined) throw new Error("a gateway needs an upstream");
  const { lines, lineOf } = linesOf(options);
  const slots = new Map(configured.map((one) => [one.upstream.name, slotsOf(one)]));
  const growing = configured.filter(({ maxConcurrent }) => maxConcurrent === "auto");
  const slotCounts = followSlotCounts(
    growing.map(({ upstream }) => upstream),
    (name, count) => {
      slots.set(name, count);
      const line = lineOf.get(name);
      const isAlone = [...lineOf.values()].filter((one) => one === line).length === 1;
      line?.setCapacity(count, isAlone ? undefined : name);
    },
  );
  const destinationOf = createDestinations(members);
  const nameOf = (model: string | null): string | null => knownName(model, routing);
  return {
    nameOf,
    lines,
    lineAt(upstream) {
      const line = lineOf.get(upstream);
      if (line === undefined) throw new Error(`no upstream ${upstream}`);
      return line;
    },
    reads,
    memberNamed: (upstream) => members.get(upstream),
    slotsAt: (name) => ({
      capacity: slots.get(name) ?? 0,
      active: lineOf.get(name)?.activeAt(name) ?? 0,
    }),
    poolViews: () => viewsOf(lines, lineOf),
    usableSlots() {
      let sum = 0;
      for (const [name, count] of slots) if (options.usable(name)) sum += count;
      return sum;
    },
    route(model, allowed) {
      // A request without a model means the only one: llama.vim names none.
      const isAny = model === null ? routing(null) === null : model === modelId;
      const name = (isAny ? models.only() : null) ?? nameOf(model);
      const way = routing(name);
      if (way === null) throw noSuchModel(model, models.names(allowed));
      const destination = destinationOf(way);
      return name === null || name === model ? destination : withModelName(destination, name);
    },
    reconsider() {
      for (const line of lines) line.reconsider();
    },
    cameBack: (upstream) => slotCounts.lookAgain(upstream),
    close() {
      slotCounts.stop();
      for (const { passThrough } of members.values()) passThrough.close();
    },
  };
}

const viewsOf = (lines: readonly Line[], lineOf: ReadonlyMap<string, Line>) =>
  lines.map((line) => {
    const names = [...lineOf].flatMap(([name, of]) => (of === line ? [name] : []));
    return { name: names.join("+"), ...line.view() };
  });

const latest = ":latest";

function knownName(model: string | null, routing: Routing): string | null {
  if (model === null || routing(model) !== null) return model;
  const other = otherTag(model);
  return routing(other) === null ? model : other;
}

const otherTag = (model: string): string =>
  model.endsWith(latest) ? model.slice(0, -latest.length) : model + latest;

function membersOf({ configured, passing }: PoolsOptions): ReadonlyMap<string, PoolMember> {
  return new Map(
    configured.map(({ upstream }) => {
      return [upstream.name, { upstream, passThrough: createPassThrough(upstream, passing) }];
    }),
  );
}

/** One line for each pool, and the line of each upstream. */
function linesOf(options: PoolsOptions): {
  lines: readonly Line[];
  lineOf: ReadonlyMap<string, Line>;
} {
  const { configured, routes } = options;
  const byName = new Map(configured.map((one) => [one.upstream.name, one]));
  const boxes = configured.map(({ upstream, box }) => ({ name: upstream.name, box }));
  const lineOf = new Map<string, Line>();
  const lines = poolsOf(boxes, routes).map((names) => {
    const pool = names.flatMap((name) => byName.get(name) ?? []);
    const line = createPoolLine(pool, options);
    for (const name of names) lineOf.set(name, line);
    return line;
  });
  return { lines, lineOf };
}
