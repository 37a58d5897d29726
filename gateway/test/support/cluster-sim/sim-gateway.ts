import { ClusterNode } from "../../../cluster/gateways/cluster-node.ts";
import { protocol } from "../../../cluster/gateways/greeting.ts";
import { createMemberKeeper } from "../../../cluster/gateways/member-keeper.ts";
import { clusterTimes } from "../../../cluster/gateways/times.ts";
import type { Keeper } from "../../../generation/keeper.ts";
import type { Line } from "../../../line/line.ts";
import { Roster } from "../../../roster.ts";
import type { SimClaims } from "./sim-claims.ts";
import type { SimDatabase } from "./sim-database.ts";
import type { SimHistory } from "./sim-history.ts";
import { openSimLines, type SimPool } from "./sim-lines.ts";
import type { SimProcess } from "./sim-machine.ts";
import type { SimNetwork } from "./sim-network.ts";
import type { SimRules } from "./sim-rules.ts";
import type { SimUpstream } from "./sim-upstream.ts";

export type SimGatewayParts = {
  readonly network: SimNetwork;
  readonly database: SimDatabase;
  readonly history: SimHistory;
  readonly claims: SimClaims;
  readonly rules: SimRules;
  readonly pool: SimPool;
  readonly upstreams: ReadonlyMap<string, SimUpstream>;
};

/** The production code of a gateway in a cluster, in one process of the simulation. */
export type SimGateway = {
  readonly process: SimProcess;
  readonly node: ClusterNode;
  readonly keeper: Keeper;
  readonly lines: readonly Line[];
  /** It takes nothing new, and leaves the line to others. */
  leave(): Promise<void>;
};

export function openSimGateway(parts: SimGatewayParts, process: SimProcess): SimGateway {
  const { network, database, history, claims, rules, pool, upstreams } = parts;
  let isDraining = false;
  const { kept, lines } = openSimLines({
    ...{ pool, now: () => process.now(), mayStart: () => node.mayGrant },
    ear: {
      begun: () => claims.begins(process),
      joined: (ticket) => claims.joined(process, ticket),
      started: (ticket, waiting) => {
        rules.grants(process, `gives a slot to ${ticket.id}`);
        claims.started(process, ticket, waiting);
      },
    },
  });
  const note = (text: string): void => history.note(`${process.name} ${text}`);
  const node: ClusterNode = new ClusterNode({
    ...{ clock: process, times: clusterTimes, lines: kept },
    network: network.of(process),
    election: database.electionOf(process),
    hello: { protocol, version: "1", gateway: process.name, shape: {} },
    busyAt: async (upstream) => (await upstreams.get(upstream)?.busy(process)) ?? null,
    explain: (error) => (error instanceof Error ? error.message : String(error)),
    events: {
      elected: (term) => {
        claims.elected(process, term);
        note(`is elected for term ${term}`);
      },
      steppedDown: (term) => note(`steps down from term ${term}`),
      slotsLost: () => note("loses its slots"),
      unproved: (gateway, slots) => note(`gives away ${slots} slots of ${gateway} unproved`),
      refused: (gateway, reason) => note(`refuses ${gateway}: ${reason}`),
      trouble: (reason) => note(reason === null ? "has no trouble" : `has trouble: ${reason}`),
    },
  });
  const { member } = node;
  const keeper = createMemberKeeper({
    ...{ remote: member.keeper, clock: process, draining: () => isDraining },
    ...{ isAttached: () => member.attachedTo !== null, trouble: () => node.trouble },
    ledger: {
      open: ({ id }) => claims.row(id, "opened"),
      waits: () => {},
      close: async (id) => claims.row(id, "closed"),
    },
    underway: new Roster(),
  });
  node.start();
  return {
    ...{ process, node, keeper, lines },
    async leave() {
      isDraining = true;
      await node.leave();
    },
  };
}
