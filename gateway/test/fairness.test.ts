import { afterEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "./harness.ts";
import { type Handler, politeChat } from "./mock-upstream.ts";

let gateway: TestGateway;
let order: string[] = [];
let releases: Array<() => void> = [];
afterEach(async () => {
  for (const release of releases) release();
  releases = [];
  order = [];
  await gateway.stop();
});

/** Notes who starts, and holds each until the test lets it go. */
const oneByOne: Handler = async (seen, response, request) => {
  order.push(String(seen.headers["x-gateway-user"]));
  await new Promise<void>((resolve) => {
    releases.push(resolve);
    response.once("close", resolve);
  });
  if (!response.destroyed) await politeChat(seen, response, request);
};

const ask = (user: string, headers: Record<string, string> = {}): Promise<Response> =>
  gateway.post("/v1/chat/completions", chat(), { user, headers });

async function inLine(count: number): Promise<void> {
  await until(async () => {
    const { active, waiting } = (await gateway.health()).line;
    return active + waiting === count;
  }, `${count} in line`);
}

/** Lets one after the other go, until as many have started. */
async function runUntil(started: number): Promise<void> {
  for (let i = 0; order.length < started; i++) {
    await until(() => releases.length > i, "the next runs");
    releases[i]?.();
    await until(() => order.length > i + 1 || order.length === started, "somebody starts");
  }
}

async function asked(requests: Array<[string, Record<string, string>?]>): Promise<void> {
  for (const [i, [user, headers]] of requests.entries()) {
    void ask(user, headers).catch(() => {});
    await inLine(i + 1);
  }
}

describe("the line is fair", () => {
  it("one person's many requests do not keep another's single one waiting", async () => {
    gateway = await startTestGateway(oneByOne);
    await asked([...Array.from({ length: 10 }, () => ["alice"] as [string]), ["bob"]]);
    await runUntil(2);
    expect(order).toEqual(["alice", "bob"]);
  });

  it("a request may step back behind the others, but not ahead of its user", async () => {
    gateway = await startTestGateway(oneByOne);
    await asked([
      ["alice"],
      ["bob", { "x-priority": "background" }],
      ["carol", { "x-priority": "5" }],
      ["admin"],
    ]);
    await runUntil(4);
    expect(order).toEqual(["alice", "carol", "admin", "bob"]);
  });

  it("nobody runs more at once than MAX_CONCURRENT_PER_USER, and nobody waits for it", async () => {
    gateway = await startTestGateway(oneByOne, {
      MAX_CONCURRENT: "3",
      MAX_CONCURRENT_PER_USER: "1",
    });
    await asked([["alice"], ["alice"], ["bob"]]);
    await until(() => order.length === 2, "two run");
    expect(order).toEqual(["alice", "bob"]);
    expect((await gateway.health()).line).toMatchObject({ active: 2, waiting: 1 });
  });

  it("nobody waits with more than MAX_QUEUED_PER_USER, and others still may", async () => {
    gateway = await startTestGateway(oneByOne, { MAX_QUEUED_PER_USER: "1" });
    await asked([["alice"], ["alice"]]);
    const refused = await ask("alice");
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({
      error: { code: "queue_full", message: expect.stringContaining("as many requests in line") },
    });
    void ask("bob").catch(() => {});
    await inLine(3);
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
