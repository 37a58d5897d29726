import type { Socket } from "node:net";
import type { OtherGateways } from "../../cluster/gateways/open-passing.ts";
import { openTcpNetwork } from "../../cluster/gateways/tcp-network.ts";
import type { ClusterState } from "../../server/cluster-state.ts";

/** What a gateway of a test knows of the others; the test changes it. */
export type TestOthers = OtherGateways & {
  /** Where this gateway takes what others pass on. */
  readonly address: string;
  state: ClusterState;
  /** The addresses of the others. */
  known: readonly string[];
  /** The connections that were opened from here. */
  readonly opened: Socket[];
  close(): Promise<void>;
};

/** A gateway that knows no keeper. */
const alone: ClusterState = {
  ...{ role: "none", keeperAddress: null, term: null, gateways: 2, trouble: null },
  ...{ withoutKeeperMs: 0, slotsUnproved: 0 },
};

/** A network with a port of its own, and a state that the test says. */
export async function testOthers(): Promise<TestOthers> {
  const own = { host: "127.0.0.1", port: 0 };
  const network = await openTcpNetwork({ secret: "a secret of the tests alone".repeat(2), own });
  const opened: Socket[] = [];
  const others: TestOthers = {
    ...{ address: network.address, state: alone, known: [], opened, close: network.close },
    acceptPass: network.acceptPass,
    current: () => others.state,
    addresses: () => others.known,
    async openPass(address) {
      const socket = await network.openPass(address);
      opened.push(socket);
      return socket;
    },
  };
  return others;
}

/** From now on `keeper` keeps the queue, in a new term, and `members` know it. */
export function elect(keeper: TestOthers, members: readonly TestOthers[]): void {
  const term = Math.max(0, ...[keeper, ...members].map(({ state }) => state.term ?? 0)) + 1;
  const known = { ...alone, keeperAddress: keeper.address, term };
  keeper.state = { ...known, role: "keeper" };
  for (const member of members) member.state = { ...known, role: "member" };
}
