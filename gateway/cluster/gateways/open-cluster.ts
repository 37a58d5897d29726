import { randomUUID } from "node:crypto";
import type { Keeper, Underway } from "../../generation/keeper.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import { createElection } from "../../ledger/postgres/election.ts";
import type { Roster } from "../../roster.ts";
import type { ClusterEvents } from "../../telemetry/cluster-events.ts";
import type { HostPort } from "./address.ts";
import { ClusterNode } from "./cluster-node.ts";
import { protocol } from "./greeting.ts";
import { createLineKeeper, type LineKeeperParts } from "./line-keeper.ts";
import { createMemberKeeper } from "./member-keeper.ts";
import type { OtherGateways } from "./open-passing.ts";
import { ownPlace } from "./own-place.ts";
import type { BusyAt, Cancel, Hello } from "./ports.ts";
import { createRealClock } from "./real-clock.ts";
import { type ShapedSettings, shapeOf } from "./shape-of.ts";
import { openTcpNetwork } from "./tcp-network.ts";
import { clusterTimes } from "./times.ts";

export type OpenClusterOptions = {
  /** CLUSTER_SECRET. */
  readonly secret: string;
  /** CLUSTER_URL; null: this gateway finds out where others reach it. */
  readonly url: HostPort | null;
  readonly databaseUrl: string;
  readonly version: string;
  readonly shaped: ShapedSettings;
  readonly lines: LineKeeperParts;
  readonly busyAt: BusyAt;
  readonly ledger: Pick<Ledger, "open" | "waits" | "close">;
  /** The generations of this gateway alone. */
  readonly underway: Pick<Roster<Underway>, "set" | "delete">;
  draining(): boolean;
  readonly events: ClusterEvents;
};

/** This gateway's part in a cluster. */
export type OpenCluster = OtherGateways & {
  /** Asks whichever gateway keeps the line. */
  readonly keeper: Keeper;
  /** Whether a request may start in the lines of this gateway. */
  mayStart(): boolean;
  /** Leaves the line to another gateway. What runs and what waits here goes on. */
  leave(): Promise<void>;
  close(): Promise<void>;
};

/** A start waits so long to hear whether the keeper takes this gateway. Milliseconds. */
const startMs = 5_000;

/**
 * Joins the cluster. Resolves when this gateway is of it, or when no keeper is there yet.
 * @throws Error with one line if the port cannot be opened, or the keeper refuses this gateway
 */
export async function openCluster(options: OpenClusterOptions): Promise<OpenCluster> {
  const { secret, url, databaseUrl, version, shaped, lines, busyAt, events } = options;
  const network = await openTcpNetwork({ secret, own: await ownPlace(url, databaseUrl) });
  const election = createElection({ url: databaseUrl, leaseMs: clusterTimes.keeperLease });
  const clock = createRealClock();
  const hello: Hello = { protocol, version, gateway: randomUUID(), shape: shapeOf(shaped) };
  const node = new ClusterNode({
    ...{ clock, times: clusterTimes, network, election, hello, busyAt, events },
    lines: createLineKeeper(lines),
    explain: (error) => (error instanceof Error ? error.message : String(error)),
  });
  const { member } = node;
  const isAttached = (): boolean => member.attachedTo !== null;
  const keeper = createMemberKeeper({
    ...{ ...options, remote: member.keeper, clock, isAttached },
    trouble: () => node.trouble,
  });
  const close = async (): Promise<void> => {
    await node.close();
    await Promise.all([network.close(), election.close()]);
  };
  node.start();
  await firstWord(node, clock.later);
  if (member.refusal !== null) {
    const reason = member.refusal;
    await close();
    throw new Error(`this gateway cannot be of the cluster: ${reason}`);
  }
  return {
    ...{ keeper, close },
    mayStart: () => node.mayGrant,
    current: () => node.state(),
    addresses: () => node.addresses(),
    openPass: network.openPass,
    acceptPass: (handler) => void network.acceptPass(handler),
    leave: () => node.leave(),
  };
}

/** Until it has a keeper, or was refused, or waited long enough. */
function firstWord(
  { member }: ClusterNode,
  later: (ms: number, act: () => void) => Cancel,
): Promise<void> {
  const everyMs = 50;
  return new Promise((resolve) => {
    let leftMs = startMs;
    const look = (): void => {
      leftMs -= everyMs;
      if (member.attachedTo !== null || member.refusal !== null || leftMs <= 0) resolve();
      else later(everyMs, look);
    };
    look();
  });
}
