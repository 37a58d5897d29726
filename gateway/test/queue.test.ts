import { afterEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { type Handler, politeChat } from "./support/mock-upstream.ts";

let gateway: TestGateway;
let releases: Array<() => void> = [];
afterEach(async () => {
  for (const release of releases) release();
  releases = [];
  await gateway.stop();
});

/** Holds every generation until the test lets it go. */
const held: Handler = async (seen, response, request) => {
  await new Promise<void>((resolve) => {
    releases.push(resolve);
    response.once("close", resolve);
  });
  if (!response.destroyed) await politeChat(seen, response, request);
};

type Shown = {
  state: string;
  waiting: number;
  active: number;
  data: Array<{ id: string; user: string; state: string; position: number; since: string }>;
};

const call = (path: string, user: string, method = "GET"): Promise<Response> =>
  fetch(gateway.url + path, {
    method,
    headers: { authorization: `Bearer ${gateway.keys[user]}` },
  });
const queueOf = async (user: string): Promise<Shown> =>
  (await (await call("/queue", user)).json()) as Shown;

async function threeInLine(): Promise<Promise<Response>[]> {
  gateway = await startTestGateway(held);
  const asked: Promise<Response>[] = [];
  for (const [i, user] of ["alice", "bob", "bob"].entries()) {
    asked.push(gateway.post("/v1/chat/completions", chat({ n: 1 }), { user }));
    await until(async () => {
      const { active, waiting } = (await gateway.health()).line;
      return active + waiting === i + 1;
    }, `request ${i} is in line`);
  }
  return asked;
}

describe("the queue", () => {
  it("shows people their own places, and an administrator everyone's", async () => {
    const asked = await threeInLine();
    const bobs = await queueOf("bob");
    expect(bobs).toMatchObject({ state: "open", waiting: 2, active: 1 });
    expect(bobs.data).toMatchObject([
      { user: "bob", state: "waiting", position: 1, model: "mock" },
      { user: "bob", state: "waiting", position: 2 },
    ]);
    expect(Date.parse(bobs.data[0]?.since ?? "")).toBeGreaterThan(Date.now() - 60_000);
    expect((await queueOf("alice")).data).toMatchObject([{ user: "alice", state: "running" }]);
    expect((await queueOf("admin")).data).toHaveLength(3);
    expect((await fetch(`${gateway.url}/queue`)).status).toBe(401);
    for (const answer of asked) void answer.catch(() => {});
  });

  it("lets people take their own request out, waiting or running, and nobody else's", async () => {
    const [first, second] = await threeInLine();
    const { data } = await queueOf("admin");
    const [running, waiting] = data;
    expect((await call(`/queue/${running?.id}`, "bob", "DELETE")).status).toBe(404);
    expect((await call(`/queue/${waiting?.id}`, "bob", "DELETE")).status).toBe(200);
    const cancelled = await second!;
    expect(cancelled.status).toBe(499);
    expect(await cancelled.json()).toMatchObject({ error: { code: "cancelled" } });
    expect((await call(`/queue/${running?.id}`, "alice", "DELETE")).status).toBe(200);
    expect((await first!).status).toBe(499);
    expect((await call(`/queue/${running?.id}`, "alice", "DELETE")).status).toBe(404);
    await until(() => gateway.rows().filter(({ state }) => state === "cancelled").length === 2, "");
  });

  it("lets an administrator take anyone's out, or stop it, and tells whose wait is how long", async () => {
    const [first, second, third] = await threeInLine();
    const { data } = await queueOf("admin");
    expect(data).toMatchObject([
      { user: "alice", state: "running", position: 0, of: 2 },
      { user: "bob", state: "waiting", position: 1, of: 2, eta_seconds: null },
      { user: "bob", state: "waiting", position: 2, of: 2, eta_seconds: null },
    ]);
    const [running, waiting] = data;
    const was = async (id = "") => (await call(`/queue/${id}`, "admin", "DELETE")).json();
    expect(await was(waiting?.id)).toMatchObject({
      id: waiting?.id,
      deleted: true,
      was: "waiting",
    });
    expect((await second!).status).toBe(499);
    expect(await was(running?.id)).toMatchObject({ deleted: true, was: "running" });
    expect((await first!).status).toBe(499);
    await until(() => releases.length === 2, "the one of bob's that is left runs");
    releases[1]?.();
    expect((await third!).status).toBe(200);
    // One generation has ended: now there is an estimate.
    for (const user of ["alice", "bob"]) {
      void gateway.post("/v1/chat/completions", chat(), { user }).catch(() => {});
    }
    await until(async () => (await gateway.health()).line.waiting === 1, "one waits");
    const after = await queueOf("admin");
    expect(after.data[1]).toMatchObject({ position: 1, of: 1, eta_seconds: expect.any(Number) });
  });

  it("is paused, resumed and drained by administrators only", async () => {
    gateway = await startTestGateway(politeChat);
    expect((await call("/queue/pause", "alice", "POST")).status).toBe(403);
    expect(await (await call("/queue/pause", "admin", "POST")).json()).toMatchObject({
      state: "paused",
    });
    const waiting = gateway.post("/v1/chat/completions", chat());
    await until(async () => (await gateway.health()).line.waiting === 1, "it waits");
    await call("/queue/resume", "admin", "POST");
    expect((await waiting).status).toBe(200);
    await call("/queue/drain", "admin", "POST");
    const refused = await gateway.post("/v1/chat/completions", chat());
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("5");
    await call("/queue/resume", "admin", "POST");
    expect((await gateway.post("/v1/chat/completions", chat())).status).toBe(200);
    expect(gateway.rows()).toHaveLength(2);
  });

  it("knows no administrators from outside", async () => {
    gateway = await startTestGateway(politeChat);
    const headers = { authorization: `Bearer ${gateway.keys.admin}`, "cf-ray": "1" };
    const response = await fetch(`${gateway.url}/queue/pause`, { method: "POST", headers });
    expect(response.status).toBe(403);
  });

  it("does not count on the slots of an upstream that is down", async () => {
    const config = `
upstreams: { gone: { url: "http://127.0.0.1:1", max_concurrent: 4 } }
routes: [{ model: gone, upstream: gone }]`;
    gateway = await startTestGateway(politeChat, {}, config);
    expect((await gateway.health()).line).toMatchObject({ capacity: 5, usable: 5 });
    await until(async () => {
      await gateway.post("/v1/chat/completions", chat({ model: "gone" }));
      return (await (await call("/queue", "alice")).text()).includes('"usable":1');
    }, "one is known to be down");
    expect(await queueOf("alice")).toMatchObject({ capacity: 5, usable: 1 });
  });

  it("streams its changes", async () => {
    gateway = await startTestGateway(held);
    const leaving = new AbortController();
    const events = await fetch(`${gateway.url}/queue/events`, {
      headers: { authorization: `Bearer ${gateway.keys.alice}` },
      signal: leaving.signal,
    });
    const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader();
    expect((await reader.read()).value).toMatch(/^data: \{.*"data":\[\]\}\n\n$/);
    const asked = gateway.post("/v1/chat/completions", chat());
    let text = "";
    while (!text.includes('"running"')) text += (await reader.read()).value;
    releases[0]?.();
    await (await asked).text();
    while (!text.endsWith('"data":[]}\n\n')) text += (await reader.read()).value;
    leaving.abort();
  });

  it("refuses what is over MAX_QUEUE, truthfully and without a row", async () => {
    gateway = await startTestGateway(held, { MAX_QUEUE: "1" });
    const asked = [1, 2].map(() => gateway.post("/v1/chat/completions", chat()));
    await until(async () => (await gateway.health()).line.waiting === 1, "one waits");
    const refused = await gateway.post("/v1/chat/completions", chat());
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(Number(refused.headers.get("retry-after"))).toBeLessThanOrEqual(60);
    expect(await refused.json()).toMatchObject({ error: { code: "queue_full" } });
    expect(gateway.rows()).toHaveLength(2);
    releases[0]?.();
    await until(() => releases.length === 2, "the second runs");
    releases[1]?.();
    for (const one of asked) expect((await one).status).toBe(200);
  });
});
