/** Where a request of a route may run: on an upstream of the line. */
export type Seat = {
  readonly upstream: string;
  /** 0 comes first; a higher tier serves only where nobody of the lower ones can. */
  readonly tier: number;
  /**
   * What the model is called there; absent: as it was asked for. It matters where one model fits.
   */
  readonly model?: string | null;
};

/**
 * The seats of one route, in the order that settles ties. One object for each route, again and
 * again.
 */
export type RouteSeats = {
  /** Another for each route; requests of the same key are held back by the same rules. */
  readonly key: string;
  readonly list: readonly Seat[];
};

/** An upstream of a pool, as its line sees it. */
export type PoolUpstream = {
  readonly name: string;
  /** Slots; 0 is one that waits for `setCapacity`. */
  readonly capacity: number;
  /** Its part of what several free ones take; above 0. Default 1. */
  readonly weight?: number;
  /** Upstreams of the same box share one machine. Absent or null: it has one of its own. */
  readonly box?: string | null;
  /** It holds one model at a time. Default: the line's `exclusiveModels`. */
  readonly exclusive?: boolean;
};
