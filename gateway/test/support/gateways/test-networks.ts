import { createServer } from "node:net";
import { detourEnv } from "./detours.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";

export type GatewayName = "A" | "B" | "C";
export const gatewayNames: readonly GatewayName[] = ["A", "B", "C"];

/** A network between two that a test can break. */
export type FaultyNetwork = Pick<FaultProxy, "cut" | "silence" | "delay" | "heal">;

/** A proxy from each gateway to the database, and to each other gateway. */
export type TestNetworks = {
  between(one: GatewayName, other: GatewayName): FaultyNetwork;
  toDatabase(name: GatewayName): FaultyNetwork;
  heal(): void;
  /** Where clients reach a gateway. */
  urlOf(name: GatewayName): string;
  /** Whose CLUSTER_URL this is; null: nobody's. */
  nameOf(address: string): GatewayName | null;
  /** The part of a gateway's environment that leads it to its proxies. */
  envOf(name: GatewayName, databaseUrl: string): Record<string, string>;
};

export async function openTestNetworks(
  databasePort: number,
  stack: AsyncDisposableStack,
): Promise<TestNetworks> {
  const ports = new Map<GatewayName, { own: number; cluster: number }>();
  for (const name of gatewayNames) {
    ports.set(name, { own: await steadyPort(), cluster: await steadyPort() });
  }
  const portsOf = (name: GatewayName) => ports.get(name) ?? { own: 0, cluster: 0 };
  const proxies = new Map<string, FaultProxy>();
  const open = async (way: string, target: number): Promise<void> => {
    const one = await startFaultProxy(target);
    stack.defer(() => one.close());
    proxies.set(way, one);
  };
  const proxy = (way: string): FaultProxy => {
    const one = proxies.get(way);
    if (one === undefined) throw new Error(`there is no way ${way}`);
    return one;
  };
  const othersOf = (name: GatewayName) => gatewayNames.filter((other) => other !== name);
  for (const from of gatewayNames) {
    await open(`${from} to the database`, databasePort);
    for (const to of othersOf(from)) await open(`${from} to ${to}`, portsOf(to).cluster);
  }
  return {
    between: (one, other) => bothOf(proxy(`${one} to ${other}`), proxy(`${other} to ${one}`)),
    toDatabase: (name) => proxy(`${name} to the database`),
    heal: () => [...proxies.values()].forEach((one) => void one.heal()),
    urlOf: (name) => `http://127.0.0.1:${portsOf(name).own}`,
    nameOf: (address) =>
      gatewayNames.find((name) => address.endsWith(`:${portsOf(name).cluster}`)) ?? null,
    envOf(name, databaseUrl) {
      const url = new URL(databaseUrl);
      url.port = String(proxy(`${name} to the database`).port);
      const detours = othersOf(name).map((other) => {
        return [portsOf(other).cluster, proxy(`${name} to ${other}`).port];
      });
      return {
        ...{ PORT: String(portsOf(name).own), DATABASE_URL: url.href },
        CLUSTER_URL: `127.0.0.1:${portsOf(name).cluster}`,
        ...detourEnv(Object.fromEntries(detours)),
      };
    },
  };
}

function bothOf(...proxies: readonly FaultProxy[]): FaultyNetwork {
  return {
    cut: () => proxies.forEach((one) => void one.cut()),
    silence: (which) => proxies.forEach((one) => void one.silence(which)),
    delay: (ms) => proxies.forEach((one) => void one.delay(ms)),
    heal: () => proxies.forEach((one) => void one.heal()),
  };
}

/** A port that no outgoing connection takes while its gateway is away. */
async function steadyPort(): Promise<number> {
  const port = 18_000 + Math.floor(Math.random() * 14_000);
  const server = createServer();
  const isFree = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
  return isFree ? port : await steadyPort();
}
