import type { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keepersRoutes } from "../cluster/gateways/keepers-routes.ts";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { type Holding, holding, inLine } from "./support/holding.ts";
import { elect, type TestOthers, testOthers } from "./support/other-gateways.ts";
import { ownRoutes } from "./support/own-routes.ts";

let upstream: Holding;
let [a, b]: TestOthers[] = [];
let keeper: TestGateway;
let member: TestGateway;

/** Two gateways with the same users; the first keeps the queue. */
beforeEach(async () => {
  upstream = holding();
  a = await testOthers();
  b = await testOthers();
  elect(a, [b]);
  keeper = await startTestGateway(upstream.handler, { WALL: "true" }, undefined, a);
  const same = {
    USERS_FILE: keeper.usersFile,
    PUBLIC_PORT: "0",
    CORS_ORIGINS: "https://app.example",
  };
  member = await startTestGateway(upstream.handler, same, undefined, b);
});
afterEach(async () => {
  upstream.releaseAll();
  await member.stop();
  await keeper.stop();
  await a?.close();
  await b?.close();
});

const at = (gateway: TestGateway, user?: string): ReturnType<typeof ownRoutes> =>
  ownRoutes(gateway.url, user === undefined ? undefined : keeper.keys[user]);

/** Requests of bob at the keeper: one runs, one waits. */
async function twoInLine(): Promise<Promise<Response>[]> {
  const asked: Promise<Response>[] = [];
  for (const waiting of [0, 1]) {
    asked.push(keeper.post("/v1/chat/completions", chat(), { user: "bob" }));
    await inLine(keeper, { active: 1, waiting });
  }
  return asked;
}

describe("a gateway that does not keep the queue", () => {
  it("shows the queue, the limits and the upstreams of the one that does", async () => {
    const asked = await twoInLine();
    const { body } = await at(member, "bob").get("/queue").expect(200);
    expect(body).toMatchObject({ waiting: 1, active: 1, data: [{ user: "bob" }, { user: "bob" }] });
    expect((await at(member, "alice").get("/queue").expect(200)).body.data).toEqual([]);
    expect((await at(member, "bob").get("/limits").expect(200)).body.user).toBe("bob");
    expect((await at(member, "bob").get("/upstreams")).body.data).toMatchObject([{ active: 1 }]);
    expect((await at(member).get("/wall.json").expect(200)).body).toMatchObject({ waiting: 1 });
    await at(member, "bob").head("/queue").expect(200);
    await at(member).get("/queue").expect(401);
    upstream.releaseAll();
    for (const answer of asked) expect((await answer).status).toBe(200);
  });

  it("names in /me the address that the reader came to", async () => {
    const { body } = await at(member, "bob").get("/me").expect(200);
    expect(body).toMatchObject({ user: "bob", base_urls: { lan: member.url } });
  });

  it("stops requests by their id, waiting and running, for their user and for administrators", async () => {
    const [running, waiting] = await twoInLine();
    const { data } = (await at(member, "bob").get("/queue")).body;
    await at(member, "alice").delete(`/queue/${data[0].id}`).expect(404);
    const left = await at(member, "bob").delete(`/queue/${data[1].id}`).expect(200);
    expect(left.body).toMatchObject({ deleted: true, was: "waiting" });
    expect((await waiting)?.status).toBe(499);
    const stopped = await at(member, "admin").delete(`/queue/${data[0].id}`).expect(200);
    expect(stopped.body).toMatchObject({ was: "running" });
    expect((await running)?.status).toBe(499);
  });

  it("pauses and resumes the one queue, for administrators on the LAN", async () => {
    await at(member, "bob").post("/queue/pause").expect(403);
    await at(member, "admin").post("/queue/pause").set("cf-ray", "1").expect(403);
    const { publicPort } = member.gateway;
    const fromOutside = ownRoutes(`http://127.0.0.1:${publicPort}`, keeper.keys.admin);
    await fromOutside.post("/queue/pause").expect(403);
    await at(member, "admin").post("/queue/pause").expect(200);
    expect(await keeper.health()).toMatchObject({ line: { state: "paused" } });
    await at(member, "admin").post("/queue/resume").expect(200);
    expect(await keeper.health()).toMatchObject({ line: { state: "open" } });
    await ownRoutes(`http://127.0.0.1:${publicPort}`).get("/wall.json").expect(404);
  });

  it("follows the queue for its clients, until another gateway keeps it", async () => {
    const abort = new AbortController();
    const response = await fetch(`${member.url}/queue/events`, {
      ...{ headers: { authorization: `Bearer ${keeper.keys.bob}` }, signal: abort.signal },
    });
    let text = "";
    const ended = (async () => {
      for await (const piece of response.body ?? []) text += Buffer.from(piece);
    })().catch(() => {});
    await until(() => text.includes('"data":[]'), "the first event");
    const asked = keeper.post("/v1/chat/completions", chat(), { user: "bob" });
    await until(() => text.includes('"user":"bob"'), "the change");
    elect(b as TestOthers, [a as TestOthers]);
    await ended;
    // Now it is the member's own.
    expect((await at(member, "bob").get("/queue").expect(200)).body.data).toEqual([]);
    expect((await at(keeper, "bob").get("/queue").expect(200)).body.data).toEqual([]);
    upstream.releaseAll();
    expect((await asked).status).toBe(200);
  });

  it("ends its connection to the keeper with that of its client", async () => {
    await at(member, "bob").get("/queue").set("connection", "close").expect(200);
    await until(() => b?.opened.length === 1 && b.opened[0]?.destroyed === true, "it has ended");
  });

  it("listens for a user's next request at every gateway", async () => {
    (a as TestOthers).known = [b?.address ?? "", "127.0.0.1:1"];
    (b as TestOthers).known = [a?.address ?? ""];
    await at(member).post("/me/listen").expect(401);
    expect(
      (await at(member, "bob").post("/me/listen").send({}).expect(200)).body.until,
    ).toBeTruthy();
    const { body } = await at(keeper, "bob").get("/me/listen").expect(200);
    expect([body.until === null, body.request]).toEqual([false, null]);
    upstream.releaseAll();
    await (await keeper.post("/v1/chat/completions", chat(), { user: "bob" })).text();
    const heard = { method: "POST", path: "/v1/chat/completions" };
    for (const one of [keeper, member]) {
      expect((await at(one, "bob").get("/me/listen").expect(200)).body.request).toMatchObject(
        heard,
      );
    }
    expect((await at(member, "alice").get("/me/listen")).body.request).toBeNull();
  });

  it("answers itself what every gateway knows", async () => {
    await at(member).get("/health").expect(200);
    await at(member).get("/openapi.json").expect(200);
    await at(member, "bob").get("/v1/models").expect(200);
    expect(b?.opened).toEqual([]);
  });
});

it("a connection of another gateway that does not say its client is closed", async () => {
  const socket = await b?.openPass(a?.address ?? "");
  let text = "";
  socket?.on("data", (piece) => {
    text += piece;
  });
  const closed = new Promise((resolve) => socket?.once("close", resolve));
  const worker = JSON.stringify({ remoteAddress: "127.0.0.1", localPort: keeper.port });
  socket?.write(`${worker}\nGET /health HTTP/1.1\r\nhost: x\r\n\r\n`);
  await closed;
  expect(text).toBe("");
});

describe("without an answer from a keeper", () => {
  const code = "no_keeper";

  it("what belongs to the keeper is refused with 503 in the client's dialect", async () => {
    (b as TestOthers).state = { ...(b as TestOthers).state, role: "none", keeperAddress: null };
    for (const [method, path] of keepersRoutes) {
      const answer = await fetch(member.url + path.replace("{id}", "1"), {
        ...{ method: method.toUpperCase() },
        headers: { authorization: `Bearer ${keeper.keys.bob}`, origin: "https://app.example" },
      });
      expect([path, answer.status]).toEqual([path, 503]);
      expect(answer.headers.get("retry-after")).toBe("2");
      expect(answer.headers.get("access-control-allow-origin")).toBe("https://app.example");
      const { error } = (await answer.json()) as { error: { code: unknown; message: string } };
      expect(error.code).toBe(path.startsWith("/api/v1") ? 503 : code);
      expect(error.message).toContain("No gateway keeps the queue");
    }
  });

  it("a request is never passed on twice", async () => {
    // Each of the two takes the other one for the keeper.
    elect(b as TestOthers, [a as TestOthers]);
    const { state } = a as TestOthers;
    (b as TestOthers).state = { ...state, keeperAddress: (a as TestOthers).address };
    const { body } = await at(member, "bob").get("/queue").expect(503);
    expect(body.error).toMatchObject({ code, message: expect.stringContaining("any more") });
    expect([a?.opened.length, b?.opened.length]).toEqual([0, 1]);
  });

  it("a keeper that cannot be reached, or is cut off, is told", async () => {
    const closed = await testOthers();
    await closed.close();
    elect(closed, [b as TestOthers]);
    const { body } = await at(member, "bob").get("/queue").expect(503);
    expect(body.error).toMatchObject({ code, message: expect.stringContaining("does not answer") });
    const silent = await testOthers();
    const asked: Socket[] = [];
    silent.acceptPass((socket) => void asked.push(socket));
    elect(silent, [b as TestOthers]);
    const [answer] = await Promise.all([
      at(member, "bob").get("/queue").expect(503),
      until(() => asked.length === 1, "it is asked").then(() =>
        elect(a as TestOthers, [b as TestOthers]),
      ),
    ]);
    expect(answer.body.error).toMatchObject({ code });
    await at(member, "bob").get("/queue").expect(200);
    await silent.close();
  });
});

describe("how a gateway of a cluster is", () => {
  it("is told at /health, and whether it takes requests at /ready", async () => {
    const { state } = b as TestOthers;
    const { body } = await at(member).get("/health").expect(200);
    expect(body).toMatchObject({
      ...{ status: "ok", line: null },
      cluster: { role: "member", keeper: a?.address, term: 1, gateways: 2, trouble: null },
    });
    expect((await at(keeper).get("/health")).body).toMatchObject({
      ...{ line: { state: "open" }, cluster: { role: "keeper" } },
    });
    expect((await at(member).get("/ready").expect(200)).body).toEqual({ status: "ok" });
    const trouble = "the database does not answer";
    const lost = { ...state, role: "none", keeperAddress: null, trouble } as const;
    (b as TestOthers).state = { ...lost, withoutKeeperMs: 5_000 };
    await at(member).get("/ready").expect(200);
    (b as TestOthers).state = { ...lost, withoutKeeperMs: 5_001 };
    expect((await at(member).get("/ready").expect(503)).body).toEqual({ status: "no_keeper" });
    // Who restarts a gateway by this would end what it runs.
    const told = (await at(member).get("/health").expect(200)).body;
    expect(told).toMatchObject({ status: "no_keeper", cluster: { role: "none", trouble } });
  });

  it("shows in /metrics the queue of the keeper, and nothing of it at the others", async () => {
    const keepers = (await at(keeper).get("/metrics").expect(200)).text;
    const members = (await at(member).get("/metrics").expect(200)).text;
    expect(keepers).toContain("\nllm_gateway_cluster_keeper 1\n");
    expect(members).toContain("\nllm_gateway_cluster_keeper 0\n");
    expect(keepers).toContain("\nllm_gateway_queue_waiting 0\n");
    expect(members).toContain("\nllm_gateway_queue_waiting Nan\n");
    expect(keepers).toMatch(/\nllm_gateway_upstream_active\{.*\} 0\n/);
    for (const name of ["upstream_active", "pool_waiting", "pool_slots", "oldest_wait_seconds"]) {
      expect(members).not.toMatch(new RegExp(`\nllm_gateway_${name}[ {]`));
    }
    expect(members).toContain("\nllm_gateway_slots_unproved_total 0\n");
  });
});
