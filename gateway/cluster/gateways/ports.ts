// What a gateway of a cluster needs of the world: a clock, a network, a database, and a look at the
// upstreams. The simulation replaces these four, and nothing else.

// The database. SQL is in ledger/ only, which knows nothing of cluster/: so its types are there.
export type { ClusterView, Election, GatewayRow, Holds, KeeperRow } from "../../ledger/election.ts";

/** The time of one machine. */
export type Clock = {
  /** Monotonic milliseconds. They may stand still while the machine sleeps. */
  now(): number;
  /** Milliseconds since the machine was switched on, its sleep included. */
  boot(): number;
  /** Calls once, after so many milliseconds, unless it is cancelled. */
  later(ms: number, act: () => void): Cancel;
};

export type Cancel = () => void;

/** What one gateway tells another of itself when they meet. */
export type Hello = {
  /** Of the messages. Two that differ by more than the newer one allows do not talk. */
  readonly protocol: number;
  /** The release, for people. */
  readonly version: string;
  /** A fresh UUID of each process. */
  readonly gateway: string;
  /** What must be the same everywhere, by its name: upstreams with their slots, limits. */
  readonly shape: Readonly<Record<string, string>>;
};

/** A connection between two gateways that both know CLUSTER_SECRET. Texts keep their order. */
export type Connection = {
  /** What the other one said of itself. */
  readonly hello: Hello;
  send(text: string): void;
  /** Ends it at once. `closed` of this side is called, if it was not yet. */
  destroy(): void;
};

/** Who listens to a connection. */
export type Listener = {
  said(text: string): void;
  /** It has ended, on whichever side. Called once. */
  closed(): void;
};

export type Network = {
  /**
   * Resolves with a connection to the gateway there. Rejects with a one-line Error if nothing answers
   * within two seconds, or CLUSTER_SECRET differs.
   */
  connect(address: string, own: Hello, listener: Listener): Promise<Connection>;
  /**
   * From now on others that know CLUSTER_SECRET are accepted. `own` is asked for each.
   * @returns what ends it
   */
  accept(own: () => Hello, accepted: (connection: Connection) => Listener): Cancel;
  /** Where others reach this gateway. */
  readonly address: string;
};

/**
 * Counts the requests that an upstream works on now, of all gateways and programs; null: it does not tell. Asks at most
 * once a second. Never rejects.
 */
export type BusyAt = (upstream: string) => Promise<number | null>;
