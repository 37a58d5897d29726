/** An upstream of the line where a request of a route may run. */
export type Seat = {
  readonly upstream: string;
  /** 0 comes first. A higher tier serves only if no upstream of a lower tier can. */
  readonly tier: number;
  /**
   * The name of the model there. Absent: as the client asked for it. It matters if the upstream
   * holds one model at a time.
   */
  readonly model?: string | null;
};

/**
 * The seats of one route. Their order decides among equals. Each route always passes the same
 * object.
 */
export type RouteSeats = {
  /** Different for each route. The same rules hold back all requests with the same key. */
  readonly key: string;
  readonly list: readonly Seat[];
};

/** An upstream of a pool, as its line knows it. */
export type PoolUpstream = {
  readonly name: string;
  /** The number of slots. 0: it waits for `setCapacity`. */
  readonly capacity: number;
  /** Its part of the requests if several upstreams are free; above 0. Default 1. */
  readonly weight?: number;
  /** Upstreams of the same box share one machine. Absent or null: it has a box of its own. */
  readonly box?: string | null;
  /** Whether it holds one model at a time. Default: the line's `exclusiveModels`. */
  readonly exclusive?: boolean;
};
