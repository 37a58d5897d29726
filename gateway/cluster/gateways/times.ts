/** How long things may take in a cluster. Milliseconds. Their order is the proof (DESIGN.md). */
export type ClusterTimes = {
  /** Who has the lease of the line is the keeper. It counts from before the question. */
  readonly keeperLease: number;
  /** How often each gateway asks the database: the keeper renews its lease. */
  readonly look: number;
  /** How often each gateway asks the keeper whether it may go on. */
  readonly beat: number;
  /** A gateway whose last answered beat was sent so long ago stops what it runs. */
  readonly slotLease: number;
  /**
   * The keeper gives away a silent gateway's slots so much later than that. More than the longest
   * stall of an event loop, and than `fresh`.
   */
  readonly margin: number;
  /** While the database is away, a keeper goes on as long as it heard all within this time. */
  readonly fresh: number;
  /** A new keeper waits so long for what the others run before it begins without them. */
  readonly collect: number;
};

export const clusterTimes: ClusterTimes = {
  keeperLease: 2_000,
  look: 500,
  beat: 500,
  slotLease: 8_000,
  margin: 3_000,
  fresh: 1_500,
  collect: 1_000,
};
