import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import type { OtherGateways } from "../../cluster/gateways/open-passing.ts";
import type { ClusterState } from "../../server/cluster-state.ts";

/** What a gateway of a test knows of the others; the test changes it. */
export type TestOthers = OtherGateways & {
  /** Where this gateway takes what others pass on. */
  readonly address: string;
  state: ClusterState;
  /** The connections that were opened from here. */
  readonly opened: Socket[];
  close(): Promise<void>;
};

/** A gateway that knows no keeper. */
const alone: ClusterState = {
  ...{ role: "none", keeperAddress: null, term: null, gateways: 2, trouble: null },
  ...{ withoutKeeperMs: 0, slotsUnproved: 0 },
};

/** A cluster port without a secret, and a state that the test says. */
export async function testOthers(): Promise<TestOthers> {
  let accept = (socket: Socket): void => void socket.destroy();
  const server = createServer({ noDelay: true }, (socket) => accept(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const opened: Socket[] = [];
  const others: TestOthers = {
    address: `127.0.0.1:${port}`,
    state: alone,
    opened,
    current: () => others.state,
    openPass: (address) =>
      new Promise((resolve, reject) => {
        const [host = "", at = ""] = address.split(":");
        const socket = connect({ host, port: Number(at), noDelay: true });
        socket.once("error", reject).once("connect", () => {
          opened.push(socket);
          resolve(socket);
        });
      }),
    acceptPass(taken) {
      accept = taken;
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
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
