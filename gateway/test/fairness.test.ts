import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { type Holding, holding, inLine } from "./support/holding.ts";
import { politeChat } from "./support/mock-upstream.ts";

let gateway: TestGateway;
let order: string[] = [];
let upstream: Holding;
beforeEach(() => {
  order = [];
  // Notes the user of each request that starts, and holds it until the test releases it.
  upstream = holding({
    before: ({ headers }) => {
      order.push(String(headers["x-gateway-user"]));
    },
  });
});
afterEach(async () => {
  upstream.releaseAll();
  await gateway.stop();
});

const ask = (user: string, headers: Record<string, string> = {}): Promise<Response> =>
  gateway.post("/v1/chat/completions", chat(), { user, headers });

/** What users.json says of some of them, from the next request on. */
function saysOf(users: Record<string, object>): void {
  const entries = Object.entries(gateway.keys).map(([user, key]) => [
    key,
    { user, ...users[user] },
  ]);
  writeFileSync(gateway.usersFile, JSON.stringify(Object.fromEntries(entries)));
}

/** Lets one after the other go, until as many have started. */
async function runUntil(started: number): Promise<void> {
  for (let i = 0; order.length < started; i++) {
    await upstream.release(i);
    await until(() => order.length > i + 1 || order.length === started, "somebody starts");
  }
}

async function asked(requests: Array<[string, Record<string, string>?]>): Promise<void> {
  for (const [i, [user, headers]] of requests.entries()) {
    void ask(user, headers).catch(() => {});
    await inLine(gateway, { total: i + 1 });
  }
}

describe("the line is fair", () => {
  it("many requests of one user do not delay the single request of another", async () => {
    gateway = await startTestGateway(upstream.handler);
    await asked([...Array.from({ length: 10 }, () => ["alice"] as [string]), ["bob"]]);
    await runUntil(2);
    expect(order).toEqual(["alice", "bob"]);
  });

  it("a request may step back behind the others, but not ahead of its user", async () => {
    gateway = await startTestGateway(upstream.handler);
    await asked([
      ["alice"],
      ["bob", { "x-priority": "background" }],
      ["carol", { "x-priority": "5" }],
      ["admin"],
    ]);
    await runUntil(4);
    expect(order).toEqual(["alice", "carol", "admin", "bob"]);
  });

  it("a user's priority in users.json counts, and no request rises above it", async () => {
    gateway = await startTestGateway(upstream.handler);
    saysOf({ bob: { priority: -1 }, carol: { priority: 2 } });
    await asked([
      ["admin"],
      ["bob", { "x-priority": "5" }],
      ["bob", { "x-priority": "0" }],
      ["alice", { "x-priority": "1" }],
      ["carol", { "x-priority": "1" }],
      ["carol"],
    ]);
    await runUntil(6);
    expect(order).toEqual(["admin", "carol", "carol", "alice", "bob", "bob"]);
    expect(gateway.upstream.seen.at(1)?.headers["x-priority"]).toBeUndefined();
  });

  it("a user of weight 3 gets three times the turns of another", async () => {
    const allWait = Promise.withResolvers<void>();
    gateway = await startTestGateway(async (seen, response, request) => {
      order.push(String(seen.headers["x-gateway-user"]));
      await allWait.promise;
      // A turn is paid by its time: all take about the same.
      await new Promise((resolve) => setTimeout(resolve, 60));
      await politeChat(seen, response, request);
    });
    saysOf({ alice: { weight: 3 } });
    // Carol holds the slot until all the others wait.
    const carol = ask("carol");
    await inLine(gateway, { active: 1 });
    const users = [...Array.from({ length: 12 }, () => "bob"), ...Array(12).fill("alice")];
    const answers = users.map(async (user) => (await ask(user)).text());
    await inLine(gateway, { active: 1, waiting: 24 });
    allWait.resolve();
    await Promise.all([(await carol).text(), ...answers]);
    const alices = order.slice(1, 13).filter((user) => user === "alice").length;
    expect(alices).toBeGreaterThanOrEqual(8);
    expect(alices).toBeLessThanOrEqual(10);
  });

  it("a cap in users.json replaces the cap for all users", async () => {
    const env = { MAX_CONCURRENT: "3", MAX_CONCURRENT_PER_USER: "2", MAX_QUEUED_PER_USER: "2" };
    gateway = await startTestGateway(upstream.handler, env);
    saysOf({ alice: { max_concurrent: 1, max_queued: 1 } });
    await asked([["alice"], ["alice"], ["bob"]]);
    await until(() => order.length === 2, "one of each runs");
    expect((await ask("alice")).status).toBe(503);
    void ask("bob").catch(() => {});
    await inLine(gateway, { total: 4 });
    await until(() => order.length === 3, "bob has two");
    expect(order).toEqual(["alice", "bob", "bob"]);
  });

  it("a user never runs more at once than MAX_CONCURRENT_PER_USER, and others do not wait for it", async () => {
    gateway = await startTestGateway(upstream.handler, {
      MAX_CONCURRENT: "3",
      MAX_CONCURRENT_PER_USER: "1",
    });
    await asked([["alice"], ["alice"], ["bob"]]);
    await until(() => order.length === 2, "two run");
    expect(order).toEqual(["alice", "bob"]);
    expect((await gateway.health()).line).toMatchObject({ active: 2, waiting: 1 });
  });

  it("a user cannot have more than MAX_QUEUED_PER_USER waiting requests; other users can still join", async () => {
    gateway = await startTestGateway(upstream.handler, { MAX_QUEUED_PER_USER: "1" });
    await asked([["alice"], ["alice"]]);
    const refused = await ask("alice");
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({
      error: { code: "queue_full", message: expect.stringContaining("too many waiting requests") },
    });
    void ask("bob").catch(() => {});
    await inLine(gateway, { total: 3 });
  });

  it("models take turns where the upstream holds one at a time", async () => {
    const models: string[] = [];
    gateway = await startTestGateway(
      async (seen, response, request) => {
        models.push((JSON.parse(seen.body.toString()) as { model: string }).model);
        await new Promise((resolve) => setTimeout(resolve, 20));
        await politeChat(seen, response, request);
      },
      { MAX_CONCURRENT: "2", EXCLUSIVE_MODELS: "on" },
    );
    const wanted = ["a", "b", "a", "b", "a", "b", "a", "b"];
    const answers = await Promise.all(
      wanted.map((model) => gateway.post("/v1/chat/completions", chat({ model }))),
    );
    for (const answer of answers) expect(answer.status).toBe(200);
    const loads = models.filter((model, i) => model !== models[i - 1]).length;
    expect(models).toHaveLength(8);
    expect(loads).toBeLessThan(4);
    const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
    expect(metrics).toContain(`llm_gateway_model_swaps_total ${loads - 1}\n`);
    expect(metrics).toContain('llm_gateway_class_wait_seconds_count{class="normal"} 8\n');
    expect(metrics).toContain("llm_gateway_first_place_count 8\n");
  });
});
