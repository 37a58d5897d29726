import { ClusterNode } from "../../../cluster/gateways/cluster-node.ts";
import { createMemberKeeper } from "../../../cluster/gateways/member-keeper.ts";
import { clusterTimes } from "../../../cluster/gateways/times.ts";
import type { Keeper } from "../../../generation/keeper.ts";
import type { AllLines } from "../../../line/all-lines.ts";
import { Roster } from "../../../roster.ts";
import { SimDatabase } from "../cluster-sim/sim-database.ts";
import { SimLinks } from "../cluster-sim/sim-links.ts";
import { SimMachine } from "../cluster-sim/sim-machine.ts";
import { SimNetwork } from "../cluster-sim/sim-network.ts";
import { SimRandom } from "../cluster-sim/sim-random.ts";
import { SimScheduler } from "../cluster-sim/sim-scheduler.ts";
import { keptTestLines } from "./kept-test-lines.ts";

/** A gateway of a small cluster, with the machine that it is on. */
export type SmallGateway = {
  readonly machine: SimMachine;
  readonly node: ClusterNode;
  readonly lines: AllLines;
  readonly keeper: Keeper;
};

export type SmallCluster = {
  /** What was thrown and not caught. */
  readonly faults: readonly string[];
  readonly database: SimDatabase;
  readonly links: SimLinks;
  later(ms: number): Promise<void>;
  /** Starts a gateway on a machine of its own, and waits until it has a keeper. */
  start(name: string, shape?: Readonly<Record<string, string>>): Promise<SmallGateway>;
  /** What a promise gives, in time that passes meanwhile. */
  given<T>(promise: Promise<T> | T): Promise<T>;
};

/** A few gateways in virtual time, with lines that can be steered, and settings of their own. */
export function smallCluster(): SmallCluster {
  const scheduler = new SimScheduler();
  const random = new SimRandom(1);
  const faults: string[] = [];
  const links = new SimLinks(scheduler, random.fork("links"));
  const network = new SimNetwork(scheduler, links, { sent: () => {}, heard: () => {} });
  const database = new SimDatabase({
    ...{ scheduler, random: random.fork("database"), leaseMs: clusterTimes.keeperLease },
    note: () => {},
  });
  const machine = (name: string): SimMachine => {
    const note = (text: string): void => {
      if (text.startsWith("FAULT")) faults.push(text);
    };
    const made = new SimMachine(name, { scheduler, random: random.fork(name), note });
    network.add(made);
    return made;
  };
  const later = (ms: number): Promise<void> => scheduler.run(scheduler.now + ms);
  return {
    ...{ faults, database, links, later },
    async start(name, shape = {}) {
      const gateway = openGateway({ network, database }, machine(name), shape);
      await later(4_000);
      return gateway;
    },
    async given(promise) {
      let isThere = false;
      const seen = (): void => {
        isThere = true;
      };
      Promise.resolve(promise).then(seen, seen);
      for (let round = 0; round < 100 && !isThere; round += 1) await later(100);
      if (!isThere) throw new Error("It did not come within ten seconds.");
      return promise;
    },
  };
}

type World = { readonly network: SimNetwork; readonly database: SimDatabase };

function openGateway(
  { network, database }: World,
  machine: SimMachine,
  shape: Readonly<Record<string, string>>,
): SmallGateway {
  const process = machine.start();
  const { kept, lines } = keptTestLines({ upstreams: { u: 1 }, mayStart: () => node.mayGrant });
  const node: ClusterNode = new ClusterNode({
    ...{ clock: process, times: clusterTimes, lines: kept },
    network: network.of(process),
    election: database.electionOf(process),
    hello: { protocol: 1, version: "1", gateway: process.name, shape },
    busyAt: async () => null,
    explain: (error) => String(error),
    events: {
      ...{ elected: () => {}, steppedDown: () => {}, slotsLost: () => {} },
      ...{ unproved: () => {}, refused: () => {}, trouble: () => {} },
    },
  });
  const keeper = createMemberKeeper({
    ...{ remote: node.member.keeper, clock: process, draining: () => false },
    ...{ isAttached: () => node.member.attachedTo !== null, trouble: () => node.trouble },
    ledger: { open: () => {}, waits: () => {}, close: async () => {} },
    underway: new Roster(),
  });
  node.start();
  return { machine, node, lines, keeper };
}
