import type { LineKeeperParts } from "./cluster/gateways/line-keeper.ts";
import type { OpenCluster } from "./cluster/gateways/open-cluster.ts";
import type { Keeper, Underway } from "./generation/keeper.ts";
import { createLocalKeeper, type LocalKeeperParts } from "./generation/local-keeper.ts";
import type { Ledger } from "./ledger/ledger.ts";
import type { Roster } from "./roster.ts";
import type { Settings } from "./settings/settings-table.ts";
import type { Telemetry } from "./telemetry/events.ts";
import { createBusyAt } from "./upstreams/busy-at.ts";
import type { OpenUpstreams } from "./upstreams/open-upstreams.ts";

/** Whether this gateway is one of several with one line; part of the composition root. */
export type ClusterSeat = {
  /** Whether a request may start in the lines of this gateway; undefined: always. */
  readonly mayStart: (() => boolean) | undefined;
  /** The keeper to ask, and this gateway's part in the cluster (null: it is alone). */
  open(parts: SeatParts): Promise<{ keeper: Keeper; cluster: OpenCluster | null }>;
};

export type SeatParts = Omit<LocalKeeperParts, "ledger" | "underway"> & {
  readonly settings: Settings;
  readonly version: string;
  readonly upstreams: Pick<OpenUpstreams, "upstreams" | "pools" | "lines">;
  readonly limits: LocalKeeperParts["limits"] & LineKeeperParts["limits"];
  readonly ledger: Ledger;
  /** The generations that this gateway serves. */
  readonly underway: Roster<Underway>;
  /** Those that it keeps the line for. */
  readonly kept: Roster<Underway>;
  readonly telemetry: Telemetry;
};

/** In a cluster each gateway writes the rows of what it serves; the keeper writes none. */
const noRows: LocalKeeperParts["ledger"] = {
  open: () => {},
  waits: () => {},
  close: async () => {},
};

export function createSeat({ clusterSecret: secret, databaseUrl }: Settings): ClusterSeat {
  if (secret === null || databaseUrl === null) {
    return {
      mayStart: undefined,
      open: async (parts) => ({ keeper: createLocalKeeper(parts), cluster: null }),
    };
  }
  let cluster: OpenCluster | null = null;
  return {
    mayStart: () => cluster?.mayStart() === true,
    async open(parts) {
      const { settings, version, limits, ledger, underway, kept, telemetry, draining } = parts;
      const { pools, lines, upstreams } = parts.upstreams;
      const keeper = createLocalKeeper({
        ...{ ...parts, ledger: noRows, underway: kept },
        draining: () => false,
      });
      const isHere = (name: string): boolean => pools.memberNamed(name) !== undefined;
      // Loaded here: a gateway alone has nothing of it.
      const { openCluster } = await import("./cluster/gateways/open-cluster.ts");
      cluster = await openCluster({
        ...{ secret, url: settings.clusterUrl, databaseUrl, version, shaped: settings },
        lines: {
          keeper,
          lineAt: pools.lineAt,
          lines,
          reconsider: pools.reconsider,
          limits,
          isHere,
        },
        busyAt: createBusyAt({ upstreams, capacityOf: (name) => pools.slotsAt(name).capacity }),
        ...{ ledger, underway, draining, events: telemetry.cluster },
      });
      return { keeper: cluster.keeper, cluster };
    },
  };
}
