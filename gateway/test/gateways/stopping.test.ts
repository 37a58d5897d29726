import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { newTestKey, until } from "../support/harness.ts";
import { holding } from "../support/holding.ts";
import { type MockUpstream, startMockUpstream } from "../support/mock-upstream.ts";
import { newDirectory, remove, type Spawned, spawnGateway } from "../support/spawned-gateway.ts";
import { postgresOfFile, withPostgres } from "../support/test-postgres.ts";

const patience = 120_000;
const key = newTestKey();
const postgres = postgresOfFile(patience);

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
}, patience);

/** Two gateways with one queue and one slot; the first one keeps the queue. */
async function startTwo(upstream: MockUpstream): Promise<[Spawned, Spawned]> {
  const url = await postgres.database();
  const start = async (): Promise<Spawned> => {
    const dir = newDirectory();
    endings.push(() => remove(dir));
    const config = { upstreams: { gpu: { url: upstream.url, type: "openai" } } };
    writeFileSync(join(dir, "config.yaml"), JSON.stringify(config));
    writeFileSync(join(dir, "users.json"), JSON.stringify({ [key]: { user: "alice" } }));
    const gateway = await spawnGateway(dir, {
      ...{ DATABASE_URL: url, CLUSTER_SECRET: "the secret of one test, which is long enough" },
      ...{ USERS_FILE: "users.json", DRAIN_TIMEOUT: "20s", WORKERS: "1" },
    });
    endings.push(async () => {
      gateway.child.kill("SIGKILL");
      await gateway.ended;
    });
    await until(async () => (await ready(gateway)) === 200, "it has a keeper", 30_000);
    return gateway;
  };
  return [await start(), await start()];
}

const ready = async ({ url }: Spawned): Promise<number> => (await fetch(`${url}/ready`)).status;

function ask({ url }: Spawned): Promise<Response> {
  return fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: "mock", messages: [{ role: "user", content: "hello" }] }),
  });
}

async function waiting({ url }: Spawned): Promise<number> {
  const answer = await fetch(`${url}/queue`, { headers: { authorization: `Bearer ${key}` } });
  return ((await answer.json()) as { waiting: number }).waiting;
}

withPostgres("a gateway that stops while another one has the same queue", () => {
  test(
    "tells load balancers first, serves what comes meanwhile, and what waits with it",
    async () => {
      const held = holding();
      const upstream = await startMockUpstream(held.handler);
      endings.push(() => upstream.close());
      const [first, second] = await startTwo(upstream);
      const running = ask(first);
      await until(() => held.held() === 1, "one runs");
      const waits = ask(first);
      await until(async () => (await waiting(second)) === 1, "one waits");

      first.child.kill("SIGTERM");
      await until(async () => (await ready(first)) === 503, "balancers are told");
      const late = ask(first);
      await until(async () => (await waiting(second)) === 2, "one that came late waits too");
      expect(await ready(second)).toBe(200);
      await until(() => second.stdout().includes("keeps the queue now"), "the queue goes over");

      held.releaseAll();
      const answers = await Promise.all([running, waits, late]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      expect(await first.ended).toBe(0);
      expect((await ask(second)).status).toBe(200);
      expect(upstream.peak()).toBe(1);
    },
    patience,
  );
});
