// The few rows by which several gateways agree on one keeper. cluster/ uses them, postgres/ has them.

/** Who keeps the line, as the database says. */
export type KeeperRow = {
  readonly holder: string;
  readonly address: string;
  readonly term: number;
  /** True if its lease is over, by the database's clock. */
  readonly lapsed: boolean;
};

/** The most slots that a gateway may hold at each upstream: written before it is told of them. */
export type Holds = Readonly<Record<string, number>>;

/** A gateway that has not said goodbye. */
export type GatewayRow = {
  readonly gateway: string;
  readonly address: string;
  readonly version: string;
  readonly holds: Holds;
};

export type ClusterView = {
  readonly keeper: KeeperRow | null;
  readonly gateways: readonly GatewayRow[];
};

/**
 * The few rows by which gateways agree. Each call is one transaction, takes two seconds at most, and
 * rejects if the database does not answer.
 */
export type Election = {
  /**
   * Takes the lease if it is over, or renews it if this gateway has it. A new holder raises the term;
   * the same one keeps it.
   * @returns the term; null if another gateway holds it
   */
  campaign(self: { gateway: string; address: string }): Promise<number | null>;
  /** Gives the lease up: another gateway may take it at once. */
  resign(gateway: string): Promise<void>;
  look(): Promise<ClusterView>;
  /** Writes the row of this gateway. It holds nothing, or what the row that is there says. */
  enter(row: Omit<GatewayRow, "holds">): Promise<void>;
  /**
   * The keeper writes what a gateway may hold. Only while `term` is still that of the keeper's row: an
   * election and this wait for each other.
   * @returns false if the term has passed, or the gateway has no row
   */
  hold(gateway: string, holds: Holds, term: number): Promise<boolean>;
  /** Removes the rows of gateways that hold nothing any more. */
  forget(gateways: readonly string[]): Promise<void>;
};
