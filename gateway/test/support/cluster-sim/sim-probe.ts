import { runClient } from "./sim-client.ts";
import type { SimCluster } from "./sim-cluster.ts";

/** How long each request of the probe works, and how long all are waited for. Milliseconds. */
const probeMs = { work: 1_000, all: 6_000 };

/**
 * When everything is over, all slots can be used at once, and nothing is kept of any request, nor of
 * any slot in the database.
 */
export async function probeSlots(cluster: SimCluster): Promise<void> {
  const { scheduler, history, upstreams, gateways } = cluster;
  const most = new Map<string, number>();
  gateways.forEach((gateway, nth) => {
    if (nth > 0) return;
    for (const { name, slots } of upstreams.values()) {
      for (let count = 0; count < slots; count += 1) {
        const wish = {
          ...{ id: `probe ${name} ${count}`, user: `probe ${count}`, session: "probe" },
          ...{ upstream: name, workMs: probeMs.work, leavesAfterMs: null },
          ...{ failsOnce: false, preparesMs: 0, stopsMs: null },
        };
        void runClient(cluster.clientParts(gateway), wish);
      }
    }
  });
  for (let part = 0; part < 20; part += 1) {
    scheduler.after((part * probeMs.all) / 20, () => {
      for (const { name, works } of upstreams.values()) {
        most.set(name, Math.max(works.size, most.get(name) ?? 0));
      }
    });
  }
  await scheduler.run(scheduler.now + probeMs.all);
  for (const { name, slots } of upstreams.values()) {
    if (most.get(name) === slots) continue;
    history.fault(`at the end ${name} can use ${most.get(name)} of its ${slots} slots`);
  }
  for (const { gateway, holds } of cluster.database.gateways) {
    if (Object.keys(holds).length === 0) continue;
    history.fault(`at the end the row of ${gateway} holds ${JSON.stringify(holds)}`);
  }
  for (const { process, node, lines } of gateways) {
    const kept = node.member.keeper.claims();
    if (kept.length > 0) history.fault(`${process.name} still claims ${JSON.stringify(kept)}`);
    for (const line of lines) {
      const { waiting, active } = line.view();
      if (waiting + active === 0) continue;
      const ids = line.list().map(({ id }) => id);
      history.fault(`the line of ${process.name} still has ${ids.join(", ")}`);
    }
  }
}
