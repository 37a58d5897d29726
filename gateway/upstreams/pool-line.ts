import { createLine, type Line } from "../line/line.ts";
import type { ConfiguredUpstream } from "./configured-upstreams.ts";

export type PoolLineOptions = {
  readonly maxQueue: number | null;
  readonly maxConcurrentPerUser: number | null;
  readonly maxQueuedPerUser: number | null;
  readonly maxUnfairnessMs: number;
  /** Whether an upstream takes new work at present. */
  readonly usable: (upstream: string) => boolean;
  /** How many generations of a model fill an upstream, or its box; null: no model is limited. */
  readonly modelCapacity: ((model: string) => number | null) | null;
  /** Whether a request may start at this moment; absent: always. */
  readonly mayStart?: () => boolean;
  /** An upstream that holds one model at a time starts another one. */
  readonly onSwap: (upstream: string, model: string) => void;
};

/** The capacity of an upstream until it has said how many slots it has. */
const untilKnown = 1;

/** The slots of an upstream as far as they are known at the start. */
export const slotsOf = ({ maxConcurrent }: Pick<ConfiguredUpstream, "maxConcurrent">): number =>
  maxConcurrent === "auto" ? untilKnown : maxConcurrent;

/** Makes the line of one pool. */
export function createPoolLine(
  pool: readonly ConfiguredUpstream[],
  options: PoolLineOptions,
): Line {
  const { maxQueue, maxConcurrentPerUser, maxQueuedPerUser, maxUnfairnessMs } = options;
  const { usable, modelCapacity, mayStart, onSwap } = options;
  const upstreams = pool.map((one) => ({
    name: one.upstream.name,
    capacity: slotsOf(one),
    weight: one.weight,
    box: one.box,
    exclusive: one.exclusiveModels,
  }));
  const rules = {
    maxQueue,
    maxConcurrentPerUser,
    maxQueuedPerUser,
    maxUnfairnessMs,
    // A line of one upstream does not name it.
    onSwap: (name: string, model: string) =>
      onSwap(name === "" ? (upstreams[0]?.name ?? "") : name, model),
    ...(modelCapacity === null ? {} : { modelCapacity }),
    ...(mayStart === undefined ? {} : { mayStart }),
  };
  const [only] = upstreams;
  if (only === undefined || upstreams.length > 1)
    return createLine({ ...rules, upstreams, usable });
  // A single upstream gets every request, even while it is down: its own error is the best answer.
  // In a box its models share its time; without one each has its capacity for itself.
  if (only.box !== null) return createLine({ ...rules, upstreams });
  const { capacity, exclusive } = only;
  return createLine({ ...rules, capacity, exclusiveModels: exclusive });
}
