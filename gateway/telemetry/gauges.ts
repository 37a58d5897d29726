import type { Declare, Labelled } from "./declare.ts";

/** Slots of a pool or of an upstream, and those in use. */
type Slots = { readonly name: string; readonly capacity: number; readonly active: number };

/** One upstream, as the gauges show it. */
export type WatchedUpstream = Omit<Slots, "active"> & {
  /** Null: another gateway of the cluster knows. */
  readonly active: number | null;
  /** Null: nothing is known yet. */
  readonly up: boolean | null;
  readonly state: "closed" | "open" | "half-open" | "busy";
  /** Models that it loaded since the start; null: nothing tells. */
  readonly loads: number | null;
  /** When a certificate ends, epoch ms; null: there is none, or none was seen yet. */
  readonly certificates: { readonly server: number | null; readonly client: number | null };
};

/** How a gateway stands among those of its cluster. */
export type WatchedCluster = {
  readonly isKeeper: boolean;
  readonly gateways: number;
  /** Slots given away since the start of which it was not proved that they were free. */
  readonly slotsUnproved: number;
};

/** Reads the values of the gauges. What is not known is null. */
export type Watched = {
  /** Null: there is no cluster. */
  readonly cluster: (() => WatchedCluster) | null;
  /** Null: another gateway of the cluster has the queue. */
  line(): { waiting: number; active: number; capacity: number } | null;
  pools(): readonly (Slots & { readonly waiting: number })[];
  upstreams(): readonly WatchedUpstream[];
  /**
   * Milliseconds that the oldest waiting request of each class has waited; 0: none waits. Null:
   * another gateway has the queue.
   */
  oldestWaits(): Readonly<Record<"background" | "normal" | "raised", number>> | null;
  /** Milliseconds for which the oldest request that its client has left still runs; 0: none does. */
  leftForMs(): number | null;
  /** Ledger rows in memory that are not yet on disk. */
  spooled(): number;
  /** The part of the latest waits that ended within the range that was told. */
  coverage(): number | null;
  /** Jain's index of the last ten minutes. */
  fairness(): number | null;
  /** Bytes of the disk of the ledger. */
  disk(): Promise<{ free: number; size: number } | null>;
  /** Epoch ms. */
  lastBackup(): Promise<number | null>;
  /** When the next key of a user ends, epoch ms. */
  nextKeyExpiry(): number | null;
};

const states = ["closed", "open", "half-open", "busy"] as const;

const known = (value: number | null): number => value ?? Number.NaN;
const seconds = (ms: number | null): number => (ms === null ? Number.NaN : ms / 1000);

/** The gauges: what is read at the moment of a scrape. */
export function createGauges(declare: Declare, watched: Watched): void {
  aboutTheLine(declare, watched);
  aboutUpstreams(declare, watched);
  aboutTheHouse(declare, watched);
  if (watched.cluster !== null) aboutTheCluster(declare, watched.cluster);
}

/** `/metrics` of a gateway that is alone does not name these. */
function aboutTheCluster({ gauge, countBy }: Declare, cluster: () => WatchedCluster): void {
  gauge("cluster_keeper", "1 if this gateway keeps the queue of its cluster, else 0", () =>
    Number(cluster().isKeeper),
  );
  gauge("cluster_gateways", "Gateways of the cluster that run", () => cluster().gateways);
  countBy([], "slots_unproved_total", "Slots given away that were not proved to be free", () => [
    [cluster().slotsUnproved],
  ]);
}

function aboutTheLine({ gauge, gaugeBy }: Declare, watched: Watched): void {
  const ofLine = (name: "waiting" | "active" | "capacity"): number =>
    known(watched.line()?.[name] ?? null);
  gauge("queue_waiting", "Requests in the queue", () => ofLine("waiting"));
  gauge("queue_active", "Slots in use", () => ofLine("active"));
  gauge("max_concurrent", "Slots", () => ofLine("capacity"));
  gaugeBy(["pool"], "pool_waiting", "Requests in the queue of a pool", () =>
    watched.pools().map(({ name, waiting }): Labelled => [waiting, name]),
  );
  gaugeBy(["pool"], "pool_active", "Slots in use in a pool", () =>
    watched.pools().map(({ name, active }): Labelled => [active, name]),
  );
  gaugeBy(["pool"], "pool_slots", "Slots of a pool", () =>
    watched.pools().map(({ name, capacity }): Labelled => [capacity, name]),
  );
  gaugeBy(
    ["class"],
    "oldest_wait_seconds",
    "Seconds that the oldest waiting request has waited, by priority; 0 if none waits",
    () =>
      Object.entries(watched.oldestWaits() ?? {}).map(([name, ms]): Labelled => [ms / 1000, name]),
  );
  gauge(
    "slot_held_after_leaving_seconds",
    "Seconds for which the oldest request that its client has left still runs; 0: there is none",
    () => seconds(watched.leftForMs()),
  );
  gauge(
    "queue_range_coverage",
    "Part of the latest 200 waits that ended within the range that was told; goal 0.8",
    () => known(watched.coverage()),
  );
  gauge(
    "queue_fairness_jain",
    "Jain's index of slot time by weight, of users with a backlog for 10 minutes; 1 is fair",
    () => known(watched.fairness()),
  );
}

function aboutUpstreams({ gaugeBy, countBy }: Declare, { upstreams }: Watched): void {
  countBy(["upstream"], "upstream_model_loads_total", "Loads of models, by upstream", () =>
    upstreams().flatMap(({ name, loads }): Labelled[] => (loads === null ? [] : [[loads, name]])),
  );
  gaugeBy(["upstream"], "upstream_active", "Slots in use at an upstream", () =>
    upstreams().flatMap(({ name, active }): Labelled[] =>
      active === null ? [] : [[active, name]],
    ),
  );
  gaugeBy(["upstream"], "upstream_slots", "Slots of an upstream", () =>
    upstreams().map(({ name, capacity }): Labelled => [capacity, name]),
  );
  gaugeBy(
    ["upstream"],
    "upstream_up",
    "1 if an upstream answers, 0 if not; NaN until something was sent to it",
    () =>
      upstreams().map(({ name, up }): Labelled => [up === null ? Number.NaN : Number(up), name]),
  );
  gaugeBy(
    ["upstream", "state"],
    "upstream_circuit",
    "1 for the state of an upstream's circuit: nothing is sent while it is open or busy",
    () =>
      upstreams().flatMap(({ name, state }) =>
        states.map((one): Labelled => [Number(one === state), name, one]),
      ),
  );
  gaugeBy(
    ["upstream", "of"],
    "certificate_expiry_timestamp_seconds",
    "When a certificate ends: the server's, as it was last seen, and the gateway's own (client)",
    () =>
      upstreams().flatMap(({ name, certificates: { server, client } }) => [
        ...(server === null ? [] : [[server / 1000, name, "server"] satisfies Labelled]),
        ...(client === null ? [] : [[client / 1000, name, "client"] satisfies Labelled]),
      ]),
  );
}

function aboutTheHouse({ gauge }: Declare, watched: Watched): void {
  gauge("ledger_spooled", "Ledger rows in memory that are not yet on disk", watched.spooled);
  gauge("disk_free_bytes", "Free space on the disk of the ledger", async () =>
    known((await watched.disk())?.free ?? null),
  );
  gauge("disk_size_bytes", "Size of the disk of the ledger", async () =>
    known((await watched.disk())?.size ?? null),
  );
  gauge(
    "last_backup_timestamp_seconds",
    "When the newest file in backups/ was made; NaN if there is none",
    async () => seconds(await watched.lastBackup()),
  );
  gauge(
    "next_key_expiry_timestamp_seconds",
    "When the next key in users.json ends; NaN if none does",
    () => seconds(watched.nextKeyExpiry()),
  );
}
