import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { type Holding, holding, inLine } from "./support/holding.ts";
import { politeChat } from "./support/mock-upstream.ts";
import { ownRoutes } from "./support/own-routes.ts";

let gateway: TestGateway;
let upstream: Holding;
beforeEach(() => {
  upstream = holding();
});
afterEach(async () => {
  upstream.releaseAll();
  await gateway.stop();
});

type Shown = {
  state: string;
  waiting: number;
  active: number;
  usable?: number;
  data: Array<{
    id: string;
    user: string;
    state: string;
    position: number;
    since: string;
    requests_ahead: number;
    people_ahead: number;
    waits_for: string | null;
  }>;
};

const as = (user: string): ReturnType<typeof ownRoutes> =>
  ownRoutes(gateway.url, gateway.keys[user]);
const queueOf = async (user: string): Promise<Shown> =>
  (await as(user).get("/queue").expect(200)).body as Shown;

async function threeInLine(): Promise<Promise<Response>[]> {
  gateway = await startTestGateway(upstream.handler);
  const asked: Promise<Response>[] = [];
  for (const [i, user] of ["alice", "bob", "bob"].entries()) {
    asked.push(gateway.post("/v1/chat/completions", chat({ n: 1 }), { user }));
    await inLine(gateway, { active: 1, waiting: i });
  }
  return asked;
}

describe("the queue", () => {
  it("shows users their own places, and an administrator all places", async () => {
    const asked = await threeInLine();
    const bobs = await queueOf("bob");
    expect(bobs).toMatchObject({ state: "open", waiting: 2, active: 1 });
    expect(bobs.data).toMatchObject([
      { user: "bob", state: "waiting", position: 1, model: "mock" },
      { user: "bob", state: "waiting", position: 2 },
    ]);
    const ahead = bobs.data.map(({ requests_ahead, people_ahead, waits_for }) => {
      return [requests_ahead, people_ahead, waits_for];
    });
    expect(ahead).toEqual([
      [0, 0, "slot"],
      [1, 0, "slot"],
    ]);
    expect(Date.parse(bobs.data[0]?.since ?? "")).toBeGreaterThan(Date.now() - 60_000);
    expect((await queueOf("alice")).data).toMatchObject([{ user: "alice", state: "running" }]);
    expect((await queueOf("admin")).data).toHaveLength(3);
    await ownRoutes(gateway.url).get("/queue").expect(401);
    for (const answer of asked) void answer.catch(() => {});
  });

  it("lets users cancel their own requests, waiting or running, and no others", async () => {
    const [first, second] = await threeInLine();
    const { data } = await queueOf("admin");
    const [running, waiting] = data;
    await as("bob").delete(`/queue/${running?.id}`).expect(404);
    await as("bob").delete(`/queue/${waiting?.id}`).expect(200);
    const cancelled = await second!;
    expect(cancelled.status).toBe(499);
    expect(await cancelled.json()).toMatchObject({ error: { code: "cancelled" } });
    await as("alice").delete(`/queue/${running?.id}`).expect(200);
    expect((await first!).status).toBe(499);
    await as("alice").delete(`/queue/${running?.id}`).expect(404);
    await until(() => gateway.rows().filter(({ state }) => state === "cancelled").length === 2, "");
  });

  it("lets an administrator cancel any request, waiting or running, and shows the estimated wait", async () => {
    const [first, second, third] = await threeInLine();
    const { data } = await queueOf("admin");
    expect(data).toMatchObject([
      { user: "alice", state: "running", position: 0, of: 2 },
      { user: "bob", state: "waiting", position: 1, of: 2, eta_seconds: null },
      { user: "bob", state: "waiting", position: 2, of: 2, eta_seconds: null },
    ]);
    const [running, waiting] = data;
    const was = async (id = "") => (await as("admin").delete(`/queue/${id}`)).body;
    expect(await was(waiting?.id)).toMatchObject({
      id: waiting?.id,
      deleted: true,
      was: "waiting",
    });
    expect((await second!).status).toBe(499);
    expect(await was(running?.id)).toMatchObject({ deleted: true, was: "running" });
    expect((await first!).status).toBe(499);
    await upstream.release(1);
    expect((await third!).status).toBe(200);
    // One generation has ended: now there is an estimate.
    for (const user of ["alice", "bob"]) {
      void gateway.post("/v1/chat/completions", chat(), { user }).catch(() => {});
    }
    await inLine(gateway, { waiting: 1 });
    const after = await queueOf("admin");
    expect(after.data[1]).toMatchObject({
      ...{ position: 1, of: 1, eta_seconds: expect.any(Number), people_ahead: 0 },
      ...{ eta_low_seconds: expect.any(Number), eta_high_seconds: expect.any(Number) },
    });
  });

  it("is paused, resumed and drained by administrators only", async () => {
    gateway = await startTestGateway(politeChat);
    await as("alice").post("/queue/pause").expect(403);
    const paused = await as("admin").post("/queue/pause").expect(200);
    expect(paused.body).toMatchObject({ state: "paused" });
    const waiting = gateway.post("/v1/chat/completions", chat());
    await inLine(gateway, { waiting: 1 });
    expect((await queueOf("alice")).data).toMatchObject([{ waits_for: "pause" }]);
    await as("admin").post("/queue/resume").expect(200);
    expect((await waiting).status).toBe(200);
    await as("admin").post("/queue/drain").expect(200);
    const refused = await gateway.post("/v1/chat/completions", chat());
    expect(refused.status).toBe(503);
    expect(refused.headers.get("retry-after")).toBe("5");
    await as("admin").post("/queue/resume").expect(200);
    expect((await gateway.post("/v1/chat/completions", chat())).status).toBe(200);
    expect(gateway.rows()).toHaveLength(2);
  });

  it("accepts no administrator from outside", async () => {
    gateway = await startTestGateway(politeChat);
    await as("admin").post("/queue/pause").set("cf-ray", "1").expect(403);
  });

  it("does not count on the slots of an upstream that is down", async () => {
    const config = `
upstreams: { gone: { url: "http://127.0.0.1:1", max_concurrent: 4 } }
routes: [{ model: gone, upstream: gone }]`;
    gateway = await startTestGateway(politeChat, {}, config);
    expect((await gateway.health()).line).toMatchObject({ capacity: 5, usable: 5 });
    await until(async () => {
      await gateway.post("/v1/chat/completions", chat({ model: "gone" }));
      return (await queueOf("alice")).usable === 1;
    }, "one is known to be down");
    expect(await queueOf("alice")).toMatchObject({ capacity: 5, usable: 1 });
  });

  it("streams its changes", async () => {
    gateway = await startTestGateway(upstream.handler);
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
    await upstream.release();
    await (await asked).text();
    while (!text.endsWith('"data":[]}\n\n')) text += (await reader.read()).value;
    leaving.abort();
  });

  it("refuses a request over MAX_QUEUE with a true Retry-After and without a row", async () => {
    gateway = await startTestGateway(upstream.handler, { MAX_QUEUE: "1" });
    const asked = [1, 2].map(() => gateway.post("/v1/chat/completions", chat()));
    await inLine(gateway, { waiting: 1 });
    const refused = await gateway.post("/v1/chat/completions", chat());
    expect(refused.status).toBe(503);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    expect(Number(refused.headers.get("retry-after"))).toBeLessThanOrEqual(60);
    expect(await refused.json()).toMatchObject({ error: { code: "queue_full" } });
    expect(gateway.rows()).toHaveLength(2);
    await upstream.release(0);
    await upstream.release(1);
    for (const one of asked) expect((await one).status).toBe(200);
  });
});
