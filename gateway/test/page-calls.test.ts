import { writeFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, expect, it } from "vitest";
import type { Operation } from "../openapi/operation.ts";
import { operations } from "../openapi/operations.ts";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { holding, inLine } from "./support/holding.ts";
import { politeChat } from "./support/mock-upstream.ts";
import { ownRoutes } from "./support/own-routes.ts";

/** What the page asks for, when things go wrong. The browser's side is in page/. */
let gateway: TestGateway;
afterEach(() => gateway.stop());

const as = (user: string) => ownRoutes(gateway.url, gateway.keys[user]!);

/** What a screen of a person asks for. */
const personal = ["/me", "/me/requests", "/usage", "/limits", "/queue", "/queue/events"];

const sampleOf = ({ path }: Operation): string => path.replaceAll(/\{\w+\}/g, "mock");
const forAdministrators = operations.filter(({ access }) => access === "admin");

type Following = { text(): string; ended: Promise<void>; cut(): void };

/** Follows the queue on a bare connection, which can be cut. */
function follow(user: string): Following {
  const socket: Socket = connect(gateway.port, "127.0.0.1");
  let text = "";
  socket.on("error", () => {});
  socket.setEncoding("utf8").on("data", (piece: string) => {
    text += piece;
  });
  const ended = new Promise<void>((resolve) => socket.once("close", () => resolve()));
  const key = gateway.keys[user]!;
  socket.write(
    `GET /queue/events HTTP/1.1\r\nhost: box\r\nauthorization: Bearer ${key}\r\nconnection: close\r\n\r\n`,
  );
  return { text: () => text, ended, cut: () => socket.destroy() };
}

it("a key that was taken away is refused by each call, and the events that it follows end", async () => {
  gateway = await startTestGateway(politeChat);
  const following = follow("alice");
  await until(() => following.text().includes("data: {"), "the queue is told");
  writeFileSync(gateway.usersFile, JSON.stringify({ [gateway.keys.bob!]: "bob" }));
  for (const path of personal) {
    const { body } = await as("alice").get(path).expect(401);
    expect(body.error.code, path).toBe("invalid_api_key");
  }
  // It is asked for with each sign of life, every 15 seconds.
  await following.ended;
  await as("bob").get("/me").expect(200);
});

it("a stream of events that was cut goes on with the present state, and leaves nothing behind", async () => {
  const held = holding();
  gateway = await startTestGateway(held.handler, { MAX_CONCURRENT: "1" });
  const first = follow("alice");
  await until(() => first.text().includes('"waiting":0'), "the queue is told");
  first.cut();
  const asked = gateway.post("/v1/chat/completions", chat());
  await inLine(gateway, { active: 1 });
  const second = follow("alice");
  await until(() => second.text().includes('"state":"running"'), "what happened meanwhile is told");
  expect(first.text()).not.toContain('"state":"running"');
  held.releaseAll();
  await (await asked).text();
  await until(() => /"active":0[^\n]*"data":\[\]/.test(second.text()), "it follows");
  second.cut();
  await inLine(gateway, { total: 0 });
});

it("a ledger that another program locks keeps no report back, and an empty one has none", async () => {
  gateway = await startTestGateway(politeChat);
  const empty = await as("admin").get("/usage?group=user").expect(200);
  expect(empty.body).toMatchObject({ data: [], total: { requests: 0, cost: null } });
  expect((await as("alice").get("/me/requests").expect(200)).body.data).toEqual([]);
  const other = new Database(join(gateway.dir, "gateway.db"));
  other.exec("BEGIN IMMEDIATE");
  try {
    const answer = await gateway.post("/v1/chat/completions", chat());
    expect(answer.status).toBe(200);
    await answer.text();
    for (const path of personal.filter((one) => one !== "/queue/events")) {
      await as("alice").get(path).expect(200);
    }
  } finally {
    other.exec("COMMIT");
    other.close();
  }
  await until(async () => {
    const { body } = await as("alice").get("/usage").expect(200);
    return body.total.requests === 1;
  }, "the request is counted once the lock is gone");
});

it("each call for administrators is a 403 to a user, and to an administrator from outside", async () => {
  gateway = await startTestGateway(politeChat, { PUBLIC_PORT: "0" });
  expect(forAdministrators.length).toBeGreaterThan(12);
  for (const one of forAdministrators) {
    const what = `${one.method} ${one.path}`;
    const user = await as("alice")[one.method](sampleOf(one));
    expect([user.status, user.body.error?.code], what).toEqual([403, "not_allowed"]);
    // GET /settings is not even there from outside.
    const outside = await as("admin")[one.method](sampleOf(one)).set("cf-ray", "1");
    expect([403, 404], what).toContain(outside.status);
  }
});

it("5 000 who wait are listed and followed, and leave nothing behind", {
  timeout: 180_000,
}, async () => {
  const held = holding();
  gateway = await startTestGateway(held.handler, {
    ...{ MAX_CONCURRENT: "1", MAX_QUEUE: "6000", MAX_CONNECTIONS_PER_ADDRESS: "off" },
  });
  const body = JSON.stringify(chat());
  const sockets: Socket[] = [];
  const ask = (user: string): void => {
    const socket = connect(gateway.port, "127.0.0.1");
    socket.on("error", () => {});
    sockets.push(socket);
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: box\r\nauthorization: Bearer ${gateway.keys[user]}\r\n` +
        `content-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
  };
  ask("bob");
  await inLine(gateway, { active: 1 });
  for (let count = 1; count <= 5_000; count++) {
    ask(count % 1_000 === 0 ? "alice" : "bob");
    if (count % 250 === 0) await inLine(gateway, { waiting: count }, 60_000);
  }
  const mine = await as("alice").get("/queue").expect(200);
  expect(mine.body.waiting).toBe(5_000);
  expect(mine.body.data).toHaveLength(5);
  expect(mine.body.data[0]).toMatchObject({ user: "alice", of: 5_000, position: 1 });
  expect(mine.text).not.toContain("bob");
  const all = await as("admin").get("/queue").expect(200);
  expect(all.body.data).toHaveLength(5_001);
  const following = follow("alice");
  await until(() => following.text().includes('"waiting":5000'), "the queue is told");
  for (const socket of sockets.splice(2_500)) socket.destroy();
  await inLine(gateway, { waiting: 2_499 }, 60_000);
  await until(() => following.text().includes('"waiting":2499'), "it is told anew");
  following.cut();
  for (const socket of sockets) socket.destroy();
  await inLine(gateway, { total: 0 }, 60_000);
  await until(() => gateway.rows().every(({ state }) => state === "cancelled"), "no row is open");
});

it("tells the time with each answer, for a page on a device whose clock is wrong", async () => {
  const held = holding();
  gateway = await startTestGateway(held.handler, { MAX_CONCURRENT: "1" });
  const asked = gateway.post("/v1/chat/completions", chat());
  await inLine(gateway, { active: 1 });
  for (const path of personal.filter((one) => one !== "/queue/events")) {
    const { headers } = await as("alice").get(path).expect(200);
    expect(Math.abs(Date.parse(headers.date ?? "") - Date.now()), path).toBeLessThan(60_000);
  }
  const following = follow("alice");
  await until(() => following.text().includes("data: {"), "the queue is told");
  expect(following.text()).toMatch(/\r\ndate: /i);
  following.cut();
  // With a zone, so that no device takes it for its own time.
  const { body } = await as("alice").get("/queue").expect(200);
  expect(body.data[0].since).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  held.releaseAll();
  await (await asked).text();
});

it("an upstream that is down is told as a number to a person, by name to an administrator", async () => {
  gateway = await startTestGateway(politeChat);
  await gateway.upstream.close();
  const { url } = gateway.upstream;
  await until(async () => {
    await (await gateway.post("/v1/chat/completions", chat())).text();
    return (await as("admin").get("/upstreams")).body.data[0].health === "down";
  }, "it is known to be down");
  const queue = await as("alice").get("/queue").expect(200);
  expect(queue.body).toMatchObject({ state: "open", usable: 0 });
  const mine = await as("alice").get("/upstreams").expect(200);
  expect(mine.text).not.toContain(url);
  expect((await as("admin").get("/upstreams").expect(200)).body.data[0].name).toBe(url);
});
