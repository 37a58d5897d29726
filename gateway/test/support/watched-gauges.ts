import type { Watched } from "../../telemetry/gauges.ts";

/** Gauges of a gateway at rest with one upstream, of which little is known. */
export function watchedGauges(change: Partial<Watched> = {}): Watched {
  return {
    cluster: null,
    line: () => ({ waiting: 0, active: 0, capacity: 1 }),
    pools: () => [{ name: "gpu1", waiting: 0, active: 0, capacity: 1 }],
    upstreams: () => [
      {
        ...{ name: "gpu1", active: 0, capacity: 1, up: null, state: "closed", loads: null },
        certificates: { server: null, client: null },
      },
    ],
    oldestWaits: () => ({ background: 0, normal: 0, raised: 0 }),
    leftForMs: () => 0,
    spooled: () => 0,
    coverage: () => null,
    fairness: () => null,
    disk: async () => null,
    lastBackup: async () => null,
    nextKeyExpiry: () => null,
    ...change,
  };
}
