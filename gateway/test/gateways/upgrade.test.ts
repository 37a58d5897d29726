import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTcpNetwork } from "../../cluster/gateways/tcp-network.ts";
import type { ChatOutcome } from "../support/gateways/asking.ts";
import {
  clusterSecret,
  startTestCluster,
  type TestCluster,
} from "../support/gateways/test-cluster.ts";
import { gatewayNames } from "../support/gateways/test-networks.ts";
import { until } from "../support/harness.ts";
import { noPostgres, postgresOfFile, withPostgres } from "../support/test-postgres.ts";

const patience = 150_000;
const postgres = postgresOfFile(patience);
let cluster: TestCluster;
beforeAll(async () => {
  if (noPostgres === null) cluster = await startTestCluster({ postgres });
}, patience);
afterAll(() => cluster?.[Symbol.asyncDispose](), patience);

/**
 * A client that asks one gateway after the other: the next one if a gateway has closed its port, or
 * says that it shuts down.
 */
async function askAround(name: string, first: number): Promise<ChatOutcome> {
  for (let turn = 0; ; turn++) {
    const gateway = gatewayNames[(first + turn) % 3] ?? "A";
    const outcome = await cluster.ask(gateway, `${name}-${turn}`, { forMs: 150 }).outcome;
    const isSentAway = outcome.status === null || outcome.error === "shutting_down";
    if (!isSentAway || turn > 50) return outcome;
    expect(cluster.upstream.run(`${name}-${turn}`)).toBeUndefined();
  }
}

withPostgres("a rolling upgrade of three gateways", () => {
  test(
    "fails no request, ends none that runs, and never passes the slots",
    async () => {
      await cluster.calm();
      const { upstream } = cluster;
      const outcomes: ChatOutcome[] = [];
      let isOver = false;
      const client = async (number: number): Promise<void> => {
        for (let index = 0; !isOver; index++) {
          outcomes.push(await askAround(`client-${number}-${index}`, number + index));
        }
      };
      const clients = [client(0), client(1), client(2)];
      for (const name of gatewayNames) {
        const running = cluster.ask(name, `long-${name}`, { forMs: 2_000 });
        await until(() => upstream.run(`long-${name}`) !== undefined, "it runs");
        cluster.gateway(name).child.kill("SIGTERM");
        expect(await running.outcome).toMatchObject({ isWhole: true });
        expect(await cluster.gateway(name).ended).toBe(0);
        await cluster.start(name);
      }
      isOver = true;
      await Promise.all(clients);
      expect(outcomes.filter(({ isWhole }) => !isWhole)).toEqual([]);
      expect(outcomes.length).toBeGreaterThan(10);
      expect(upstream.most()).toBe(2);
    },
    patience,
  );
});

withPostgres("a gateway that differs from the keeper", () => {
  test.each([
    ["its slots", { env: { MAX_CONCURRENT: "3" } }, /max_concurrent/],
    ["its limits", { env: { MAX_REQUESTS: "7" } }, /MAX_REQUESTS is 7 here, 1000 at the keeper/],
    ["the name of its upstream", { upstreamName: "other" }, /upstream other/],
  ])(
    "in %s does not start, and names the difference",
    async (_, change, named) => {
      await using apart = await startTestCluster({ postgres, started: ["A"] });
      apart.upstream.finishAll();
      await expect(apart.start("B", change)).rejects.toThrow(/its settings differ/);
      expect(await apart.gateway("B").ended).toBe(1);
      expect(apart.said("B")).toMatch(named);
      expect(await apart.ask("A", "afterwards").outcome).toMatchObject({ isWhole: true });
    },
    patience,
  );

  test(
    "in the messages that it understands is refused, and told which release is too old",
    async () => {
      await cluster.calm();
      const [row] = await postgres.query<{ address: string }>(
        cluster.databaseUrl,
        "SELECT address FROM keeper",
      );
      const own = { host: "127.0.0.1", port: 0 };
      const network = await openTcpNetwork({ secret: clusterSecret, own });
      const hello = { protocol: 0, version: "0.0.1", gateway: randomUUID(), shape: {} };
      const heard: string[] = [];
      const listener = { said: (text: string) => void heard.push(text), closed() {} };
      await network.connect(row?.address ?? "", hello, listener);
      await until(() => heard.length > 0, "the keeper answers");
      expect(heard.join()).toMatch(/"unwelcome","its release 0.0.1 is too old for the keeper's/);
      await network.close();
    },
    patience,
  );
});
