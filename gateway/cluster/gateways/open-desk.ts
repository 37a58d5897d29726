import type { ClusterNodeParts } from "./cluster-node.ts";
import { KeeperDesk, type KeeperDeskParts } from "./keeper-desk.ts";

/** What the desk asks of the gateway that is elected, and tells it. */
export type DeskHooks = Pick<KeeperDeskParts, "hasLease" | "hasDatabase" | "onNewer"> & {
  onUnproved(slots: number): void;
};

/** The desk of a gateway that is elected for this term. */
export function openDesk(parts: ClusterNodeParts, term: number, hooks: DeskHooks): KeeperDesk {
  const { clock, times, lines, busyAt, election, events, hello } = parts;
  return new KeeperDesk(
    {
      ...{ clock, times, lines, busyAt, election, ...hooks },
      own: () => hello,
      onUnproved: (gateway, slots) => {
        hooks.onUnproved(slots);
        events.unproved(gateway, slots);
      },
      onRefused: ({ gateway }, reason) => events.refused(gateway, reason),
      onOdd: (gateway, error) => events.refused(gateway, oddWords(error)),
    },
    term,
  );
}

/** What is told of a gateway that another one does not understand. */
export const oddWords = (error: unknown): string =>
  `it says what this gateway does not understand (${error instanceof Error ? error.message : error})`;
