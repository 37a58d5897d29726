import { connect } from "node:net";
import { partsOf } from "../../cluster/gateways/address.ts";
import type { ClusterView, GatewayRow } from "../../ledger/election.ts";
import { createElection } from "../../ledger/postgres/election.ts";
import {
  counted,
  type Finding,
  fail,
  ok,
  reasonOf,
  skip,
  warn,
} from "../../upstreams/inspect/finding.ts";

const about = "cluster";
/** So long a gateway may take to answer. Milliseconds. */
const patienceMs = 2_000;

/**
 * Which gateways share the queue, by the rows of the database, and whether this machine reaches them.
 * @param url - DATABASE_URL
 */
export async function checkCluster(url: string): Promise<Finding[]> {
  let view: ClusterView;
  const election = createElection({ url, leaseMs: 0 });
  try {
    view = await election.look();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const says = `The gateways cannot agree on one queue: ${why}.`;
    return [fail(about, says, "Until the database answers, a cluster refuses new requests.")];
  } finally {
    await election.close();
  }
  const { keeper, gateways } = view;
  if (gateways.length === 0) return [skip(about, "No gateway of the cluster runs.")];
  const reached = await Promise.all(gateways.map(reach));
  return [keeping(keeper, gateways), ...versions(gateways), ...reached.flat()];
}

function keeping(keeper: ClusterView["keeper"], gateways: readonly GatewayRow[]): Finding {
  const all = gateways.map(({ address }) => address).join(", ");
  if (keeper === null || keeper.lapsed) {
    const says = `No gateway keeps the queue of ${counted(gateways.length, "gateway")}: ${all}.`;
    return fail(about, says, "Is a gateway running? Its log, and its /health, say why.");
  }
  const says = `${keeper.address} keeps the queue of ${counted(gateways.length, "gateway")}: ${all}.`;
  return ok(about, says);
}

function versions(gateways: readonly GatewayRow[]): Finding[] {
  if (new Set(gateways.map(({ version }) => version)).size < 2) return [];
  const all = gateways.map(({ address, version }) => `${version} at ${address}`).join(", ");
  return [warn(about, `The gateways have different versions: ${all}.`, "Upgrade them all.")];
}

/** Nothing is said of a gateway that answers. */
async function reach({ address }: GatewayRow): Promise<Finding[]> {
  try {
    await opened(address);
    return [];
  } catch (error) {
    const says = `This machine cannot reach the gateway at ${address}: ${reasonOf(error)}.`;
    return [fail(about, says, "If it runs, open that port, or correct its CLUSTER_URL.")];
  }
}

function opened(address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(partsOf(address));
    socket.setTimeout(patienceMs, () => socket.destroy(new Error("no answer in time")));
    socket.once("error", reject).once("connect", () => {
      socket.destroy();
      resolve();
    });
  });
}
