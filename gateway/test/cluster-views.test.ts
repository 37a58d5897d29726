import { randomBytes } from "node:crypto";
import { copyFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { type Holding, holding } from "./support/holding.ts";
import { startMockUpstream } from "./support/mock-upstream.ts";
import { ownRoutes } from "./support/own-routes.ts";
import { postgresOfFile, withPostgres } from "./support/test-postgres.ts";

const postgres = postgresOfFile();

type Pair = { held: Holding; gateways: TestGateway[]; keys: TestGateway["keys"] };

/** Two gateways with one queue of one slot, each with a copy of users.json. */
async function pair(): Promise<Pair> {
  const held = holding();
  const upstream = await startMockUpstream(held.handler);
  onTestFinished(() => upstream.close());
  const cluster = {
    ...{ UPSTREAM_URL: "", DATABASE_URL: await postgres.database() },
    ...{ CLUSTER_SECRET: randomBytes(32).toString("hex"), WORKERS: "1" },
  };
  const config = `
upstreams: { gpu1: { url: "${upstream.url}", type: openai, max_concurrent: 1 } }
routes: [{ model: mock, upstream: gpu1 }]
`;
  const gateways: TestGateway[] = [];
  for (let n = 0; n < 2; n++) {
    const gateway = await startTestGateway(held.handler, cluster, config);
    const [first] = gateways;
    if (first !== undefined) copyFileSync(first.usersFile, gateway.usersFile);
    onTestFinished(() => gateway.stop().catch(() => {}));
    gateways.push(gateway);
  }
  onTestFinished(held.releaseAll);
  return { held, gateways, keys: gateways[0]?.keys ?? {} };
}

type Shown = {
  waiting: number;
  active: number;
  data: { id: string; user: string; state: string }[];
};

async function queueAt(gateway: TestGateway, key = ""): Promise<Shown> {
  return (await ownRoutes(gateway.url, key).get("/queue").expect(200)).body as Shown;
}

function askBob({ keys }: Pair, gateway: TestGateway): Promise<Response> {
  const headers = { authorization: `Bearer ${keys.bob}`, "content-type": "application/json" };
  const body = JSON.stringify(chat({ model: "mock" }));
  return fetch(`${gateway.url}/v1/chat/completions`, { method: "POST", headers, body });
}

withPostgres("two gateways with one queue", () => {
  test("show the same queue, and stop each other's requests", async () => {
    const both = await pair();
    const [one, two] = both.gateways as [TestGateway, TestGateway];
    const roles = await Promise.all(
      [one, two].map(async (it) => ((await it.health()).cluster as { role: string }).role),
    );
    expect(roles).toEqual(["keeper", "member"]);
    const running = askBob(both, two);
    await until(async () => (await queueAt(one, both.keys.bob)).active === 1, "it runs");
    const waiting = askBob(both, one);
    await until(async () => (await queueAt(two, both.keys.bob)).waiting === 1, "it waits");
    const [atOne, atTwo] = [
      await queueAt(one, both.keys.admin),
      await queueAt(two, both.keys.admin),
    ];
    expect(atOne.data.map(({ id, state }) => [id, state])).toEqual(
      atTwo.data.map(({ id, state }) => [id, state]),
    );
    expect((await queueAt(two, both.keys.alice)).data).toEqual([]);
    for (const [gateway, state] of [
      [two, "waiting"],
      [one, "running"],
    ] as const) {
      const id = atOne.data.find((it) => it.state === state)?.id;
      const left = ownRoutes(gateway.url, both.keys.bob).delete(`/queue/${id}`);
      expect((await left.expect(200)).body).toMatchObject({ was: state });
    }
    expect([(await running).status, (await waiting).status]).toEqual([499, 499]);
  });

  test("stop what a user runs where `--now` was said, whatever the keeper's users.json has", async () => {
    const both = await pair();
    const [, two] = both.gateways as [TestGateway, TestGateway];
    const running = askBob(both, two);
    await until(async () => (await queueAt(two, both.keys.bob)).active === 1, "it runs");
    const remove = ownRoutes(two.url, both.keys.admin).delete("/users/bob?now=true");
    await remove.expect(200);
    expect((await running).status).toBe(401);
  });

  test("answer for the queue after the one that kept it has stopped", async () => {
    const both = await pair();
    const [one, two] = both.gateways as [TestGateway, TestGateway];
    const follow = await fetch(`${two.url}/queue/events`, {
      headers: { authorization: `Bearer ${both.keys.bob}` },
    });
    const ended = (async () => {
      for await (const _ of follow.body ?? []);
    })().catch(() => {});
    await one.gateway.stop();
    await ended;
    await until(async () => {
      const { status, cluster } = await two.health();
      return status === "ok" && (cluster as { role: string }).role === "keeper";
    }, "the other one keeps the queue");
    await ownRoutes(two.url).get("/ready").expect(200);
    const running = askBob(both, two);
    await until(async () => (await queueAt(two, both.keys.bob)).active === 1, "it runs");
    both.held.releaseAll();
    expect((await running).status).toBe(200);
  });
});
