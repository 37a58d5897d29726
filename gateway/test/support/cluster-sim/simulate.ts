import { SimCluster, type SimShape } from "./sim-cluster.ts";
import { healAll, planFaults } from "./sim-faults.ts";
import { probeSlots } from "./sim-probe.ts";
import { SimRandom } from "./sim-random.ts";
import { SimScheduler } from "./sim-scheduler.ts";

export type SimOutcome = {
  readonly seed: number;
  readonly faults: readonly string[];
  readonly history: readonly string[];
  hash(): string;
  readonly events: number;
  readonly claims: number;
};

/** When faults begin and are healed, when the last client comes, when all must be over. Milliseconds. */
const times = {
  faultsFrom: 3_000,
  faultsTo: 22_000,
  healed: 26_000,
  clients: 29_000,
  end: 240_000,
};
/** So long after the faults and the last election, nothing is held for silent gateways. */
const settledMs = 14_000;

function shapeFrom(random: SimRandom, load: number): Omit<SimShape, "isRough"> {
  const upstreams = Array.from({ length: random.whole(1, 2) }, (_, nth) => {
    return { name: `u${nth}`, slots: random.whole(1, 3) };
  });
  const slots = upstreams.reduce((sum, one) => sum + one.slots, 0);
  return {
    gateways: random.whole(2, 4),
    pool: { upstreams, isOne: upstreams.length > 1 && random.chance(0.5) },
    isOpen: random.chance(0.5),
    // A request takes 4.7 s of a slot, on the average.
    clientsPerSecond: (slots / 4.7) * random.between(0.6, 1.6) * load,
  };
}

/** What happens to a cluster, and what must hold of it beside all that must always hold. */
export type SimStory = {
  /** A multiple of the usual number of clients. */
  readonly load: number;
  /** When the last client comes. Milliseconds. */
  readonly clients: number;
  /** The number of gateways; null: any. */
  readonly gateways: number | null;
  /** Plans what is to happen. The result is called at the end: it judges. */
  plan(cluster: SimCluster, random: SimRandom): () => void;
};

/** Anything may happen, much of it at once. */
export const anything: SimStory = {
  ...{ load: 1, clients: times.clients, gateways: null },
  plan(cluster, random) {
    planFaults(cluster, random.fork("faults"), times.faultsFrom, times.faultsTo);
    cluster.scheduler.at(times.healed, () => healAll(cluster, random.fork("healing")));
    return () => {};
  },
};

/** Runs a cluster through what this seed brings. */
export async function simulate(seed: number, story: SimStory = anything): Promise<SimOutcome> {
  const random = new SimRandom(seed);
  const scheduler = new SimScheduler();
  const drawn = shapeFrom(random.fork("shape"), story.load);
  const shape = {
    ...drawn,
    gateways: story.gateways ?? drawn.gateways,
    isRough: story === anything,
  };
  const cluster = new SimCluster(scheduler, random.fork("cluster"), shape);
  const { history, claims } = cluster;
  history.note(JSON.stringify(shape));
  const own = random.fork("starts");
  for (const machine of cluster.machines) {
    scheduler.at(own.chance(0.5) ? 0 : own.between(0, 2_000), () => cluster.start(machine));
  }
  cluster.clientsUntil(story.clients);
  const judge = story.plan(cluster, random);
  await scheduler.run(Math.max(times.healed + settledMs, story.clients + 1_000));
  const isBusy = (): boolean =>
    claims.open.length > 0 ||
    cluster.isStopping ||
    cluster.gateways.length === 0 ||
    scheduler.now < Math.max(claims.electedAt, cluster.changedAt) + settledMs;
  const [first] = cluster.machines;
  while (isBusy() && scheduler.now < times.end) {
    await scheduler.run(scheduler.now + 1_000);
    if (cluster.gateways.length > 0 || first === undefined) continue;
    cluster.start(first);
    await scheduler.run(scheduler.now + 2_000);
  }
  claims.judge();
  judge();
  await probeSlots(cluster);
  const { faults, lines: kept } = history;
  const counts = { events: scheduler.count, claims: claims.all.length };
  return { seed, faults, history: kept, hash: () => history.hash(), ...counts };
}
