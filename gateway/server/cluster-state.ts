/** What a gateway of a cluster knows of the others now. */
export type ClusterState = {
  /** `none`: no gateway is known that keeps the queue. */
  readonly role: "keeper" | "member" | "none";
  /** Where the other gateways reach the keeper; null: none is known. */
  readonly keeperAddress: string | null;
  /** It rises with each new keeper; null: none is known. */
  readonly term: number | null;
  /** The gateways that run, this one included. */
  readonly gateways: number;
  /** Why there is no keeper, or what else is wrong; one line. Null: nothing. */
  readonly trouble: string | null;
  /** For how long no keeper is known. 0: one is. Milliseconds. */
  readonly withoutKeeperMs: number;
  /** Slots given away since the start of which it was not proved that they were free. */
  readonly slotsUnproved: number;
};

/** So long a request waits for a keeper; after that the gateway refuses new ones. Milliseconds. */
const mostWithoutKeeperMs = 5_000;

/** Whether a gateway refuses new requests because no gateway keeps the queue. */
export const lacksKeeper = ({ withoutKeeperMs }: ClusterState): boolean =>
  withoutKeeperMs > mostWithoutKeeperMs;
