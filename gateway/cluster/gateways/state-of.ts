import type { ClusterState } from "../../server/cluster-state.ts";
import type { KeeperAt } from "./cluster-member.ts";
import type { ClusterView } from "./ports.ts";

export type NodeStanding = {
  /** The keeper that this gateway is attached to; null: none. */
  readonly near: KeeperAt | null;
  /** What the database said last. */
  readonly view: ClusterView | null;
  readonly trouble: string | null;
  /** Where others reach this gateway, if it is the keeper. */
  readonly ownAddress: string | null;
  /** Since it was attached last. Milliseconds. */
  readonly withoutKeeperMs: number;
  readonly slotsUnproved: number;
};

/** How the cluster looks from one gateway. */
export function stateOf(standing: NodeStanding): ClusterState {
  const { near, view, trouble, ownAddress, withoutKeeperMs, slotsUnproved } = standing;
  const row = view?.keeper ?? null;
  const isKeeper = ownAddress !== null && near !== null;
  const known = row !== null && row.holder === near?.holder ? row.address : null;
  return {
    role: near === null ? "none" : isKeeper ? "keeper" : "member",
    keeperAddress: isKeeper ? ownAddress : known,
    term: near?.term ?? null,
    gateways: Math.max(1, view?.gateways.length ?? 1),
    trouble: trouble ?? (near === null ? "no keeper is elected yet" : null),
    withoutKeeperMs: near === null ? withoutKeeperMs : 0,
    slotsUnproved,
  };
}
