import type { RouteSeats, Slot } from "../../line/line.ts";

/** The rules of the line of a trial. */
export type TrialRules = {
  /** Slots of each upstream; one alone has no pool. */
  readonly slots: readonly number[];
  readonly tiers: readonly number[];
  readonly isPool: boolean;
  readonly exclusive: boolean;
  readonly box: boolean;
  readonly agingMs: number | null;
  readonly maxConcurrentPerUser: number | null;
  /** The most that wait; `join` itself must refuse more. */
  readonly maxQueue: number | null;
  /** Whether a request can say at once that an upstream has failed for it. */
  readonly avoids: boolean;
};

/** A request of a trial. */
export type TrialRequest = {
  readonly id: string;
  readonly user: string;
  readonly model: string;
  readonly client: AbortController;
  readonly seats: RouteSeats | undefined;
  readonly avoid: ReadonlySet<string>;
  slot: Slot | null;
  state: "waiting" | "running" | "gone";
};

type Slots = ReadonlyMap<string, number>;

/** What the line has started is within every bound; what was adopted need not be. */
export function faultsOfStart(
  { id, user, model, slot }: TrialRequest,
  running: readonly TrialRequest[],
  { isPool, exclusive, box, maxConcurrentPerUser }: TrialRules,
  slots: Slots,
): string[] {
  const faults: string[] = [];
  const slotsAt = (one: Slot | null): number => slots.get(one?.upstream ?? "") ?? 0;
  const there = running.filter((other) => other.slot?.upstream === slot?.upstream);
  const most = isPool ? slotsAt(slot) : [...slots.values()].reduce((sum, one) => sum + one, 0);
  if (there.length > most) faults.push(`${id} started as number ${there.length} of ${most}`);
  if (exclusive && there.some((other) => other.model !== model)) {
    faults.push(`${id} started beside another model`);
  }
  const own = running.filter((other) => other.user === user).length;
  if (own > (maxConcurrentPerUser ?? own)) faults.push(`${user} has ${own} slots`);
  const used = running.reduce((sum, other) => sum + 1 / slotsAt(other.slot), 0);
  if (isPool && box && used > 1 + 1e-6) faults.push(`${id} started, and the box has ${used}`);
  return faults;
}

/** Whether an upstream of the first tier that can serve the request has a free slot. */
export function hasFreeSeat(
  { seats, avoid }: TrialRequest,
  running: readonly TrialRequest[],
  slots: Slots,
  down: ReadonlySet<string>,
): boolean {
  const all = seats?.list ?? [...slots.keys()].map((upstream) => ({ upstream, tier: 0 }));
  // Where nothing else is left, one that is avoided or down will do.
  const wanted = orAll(all, ({ upstream }) => !avoid.has(upstream));
  const able = orAll(wanted, ({ upstream }) => !down.has(upstream));
  const first = Math.min(...able.map(({ tier }) => tier));
  return able.some(({ upstream, tier }) => {
    const taken = running.filter(({ slot }) => slot?.upstream === upstream).length;
    return tier === first && taken < (slots.get(upstream) ?? 0);
  });
}

function orAll<T>(items: readonly T[], test: (item: T) => boolean): readonly T[] {
  const found = items.filter(test);
  return found.length > 0 ? found : items;
}

/** Whether a line may tell this as the time of a wait. */
export const isEstimate = (seconds: number | null): boolean =>
  seconds === null || (Number.isInteger(seconds) && seconds >= 0);
