import type { SimClaim } from "./sim-claims.ts";
import type { SimCluster } from "./sim-cluster.ts";
import type { SimStory } from "./simulate.ts";

/** What ends a request although nobody wanted that. */
const unwanted = ["slot_lost", "no_keeper", "internal_error", "cancelled"];

/** Requests of gateways that live end by themselves, or because their client or gateway leaves. */
function nothingIsLost(
  { claims, history }: SimCluster,
  except: (claim: SimClaim) => boolean,
): void {
  for (const claim of claims.all) {
    const { id, end } = claim;
    if (end === null || except(claim) || !unwanted.some((code) => end.endsWith(code))) continue;
    history.fault(`${id} ${end}`);
  }
}

/** Nothing happens to the gateways. */
export const quiet: SimStory = {
  ...{ load: 1, clients: 30_000, gateways: null },
  plan: (cluster) => () => {
    nothingIsLost(cluster, () => false);
    const term = cluster.database.keeper?.term;
    if (term !== 1) cluster.history.fault(`there was an election for term ${term}`);
  },
};

/** Each gateway is stopped and started again, one after the other. */
export const rollingRestart: SimStory = {
  ...{ load: 1, clients: 60_000, gateways: 3 },
  plan(cluster, random) {
    cluster.machines.forEach((machine, nth) => {
      const start = (): void => {
        if (machine.process === null) cluster.start(machine);
        else cluster.scheduler.after(200, start);
      };
      cluster.scheduler.at(6_000 + nth * 17_000 + random.between(0, 2_000), () => {
        void cluster.stop(machine);
        start();
      });
    });
    return () => nothingIsLost(cluster, () => false);
  },
};

/** All gateways are stopped at once, as `docker compose down` does. What runs ends by itself. */
export const allStopped: SimStory = {
  ...{ load: 0.7, clients: 12_000, gateways: 3 },
  plan(cluster, random) {
    for (const machine of cluster.machines) {
      cluster.scheduler.at(10_000 + random.between(0, 500), () => void cluster.stop(machine));
    }
    return () => nothingIsLost(cluster, () => false);
  },
};

/** The keeper is killed while many wait. Milliseconds after that. */
const servesAgain = { from: 4_000, to: 5_000 };

export const keeperKilled: SimStory = {
  ...{ load: 2.5, clients: 20_000, gateways: 4 },
  plan(cluster, random) {
    const { scheduler, database, upstreams, history, claims } = cluster;
    const most = new Map<string, number>();
    const own = new Map<string, number>();
    const at = random.between(9_000, 14_000);
    const look = (): void => {
      for (const { name, works } of upstreams.values()) {
        const living = [...works.values()].filter(({ process }) => process.isAlive);
        most.set(name, Math.max(most.get(name) ?? 0, living.length));
      }
    };
    scheduler.at(at, () => {
      const { keeper } = cluster;
      const row = database.gateways.find(({ gateway }) => gateway === keeper.process?.name);
      for (const [name, count] of Object.entries(row?.holds ?? {})) own.set(name, count);
      keeper.kill();
    });
    for (let ms = servesAgain.from; ms <= servesAgain.to; ms += 25) scheduler.at(at + ms, look);
    scheduler.at(at + servesAgain.to, () => {
      for (const { name, slots } of upstreams.values()) {
        const waiting = claims.open.filter(
          ({ upstream, state }) => upstream === name && state === "waits",
        );
        const free = slots - (own.get(name) ?? 0);
        if (waiting.length === 0 || (most.get(name) ?? 0) >= free) continue;
        history.fault(`5 s after the keeper's death ${name} serves ${most.get(name)} of ${free}`);
      }
    });
    return () => {};
  },
};

/** The database is away for all. What runs goes on, and nothing starts without the lease. */
export const databaseAway: SimStory = {
  ...{ load: 1, clients: 30_000, gateways: null },
  plan(cluster, random) {
    const { scheduler, database, history, upstreams } = cluster;
    const at = random.between(8_000, 12_000);
    const running = new Set<string>();
    scheduler.at(at, () => database.set(random.pick(["refuses", "silent"] as const)));
    // The lease, and what was on its way.
    scheduler.at(at + 2_500, () => {
      for (const { works } of upstreams.values()) for (const id of works.keys()) running.add(id);
    });
    scheduler.at(at + 18_000, () => {
      for (const { works } of upstreams.values()) {
        for (const id of works.keys()) {
          if (!running.has(id)) history.fault(`${id} was started without the database`);
        }
      }
      database.set("here");
    });
    return () => nothingIsLost(cluster, ({ end }) => end?.endsWith("no_keeper") === true);
  },
};
