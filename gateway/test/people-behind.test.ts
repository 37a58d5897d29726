import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { chat, newTestKey, startTestGateway, until } from "./support/harness.ts";
import { holding, inLine } from "./support/holding.ts";
import { politeChat } from "./support/mock-upstream.ts";
import { ownRoutes } from "./support/own-routes.ts";

const key = newTestKey();
const admin = newTestKey();
const users = {
  [key]: { user: "webui", speaks_for: "open-webui" },
  [admin]: { user: "root", role: "admin" },
  [newTestKey()]: { user: "ann@home" },
};
const as = (person: string) => ({
  ...{ authorization: `Bearer ${key}`, "x-openwebui-user-email": person },
});

it("a WebSocket through a key that speaks for people is the person's", async () => {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  const seen: unknown[] = [];
  server.on("connection", (socket, { headers }) => {
    seen.push(headers["x-gateway-user"], headers["x-openwebui-user-email"]);
    socket.on("message", (data) => socket.send(`echo ${data}`));
  });
  const { port } = server.address() as { port: number };
  await using gateway = await startTestGateway(politeChat, {
    UPSTREAM_URL: `http://127.0.0.1:${port}`,
  });
  writeFileSync(gateway.usersFile, JSON.stringify(users));
  const url = `ws://127.0.0.1:${gateway.port}/v1/realtime`;
  const socket = new WebSocket(url, ["realtime"], { headers: as("ann@home") });
  await once(socket, "open");
  socket.send("hello");
  expect(String((await once(socket, "message"))[0])).toBe("echo hello");
  expect(seen).toEqual(["ann@home", undefined]);
  socket.close();
  await until(() => gateway.rows()[0]?.state === "done", "the row is closed");
  expect(gateway.rows().map(({ user }) => user)).toEqual(["ann@home"]);
  const refused = new WebSocket(url, ["realtime"], { headers: as("two, names") });
  const [, answer] = await once(refused, "unexpected-response");
  expect(answer.statusCode).toBe(401);
  refused.on("error", () => {});
  answer.resume();
  refused.terminate();
  server.close();
});

it("DELETE /users/NAME?now=true stops what the person runs, also behind another key", async () => {
  const held = holding();
  await using gateway = await startTestGateway(held.handler, { MAX_CONCURRENT: "2" });
  writeFileSync(gateway.usersFile, JSON.stringify(users));
  const send = (person: string) =>
    gateway.post("/v1/chat/completions", chat(), { headers: as(person) });
  const [ann, ben] = [send("ann@home"), send("ben@home")];
  await inLine(gateway, { active: 2 });
  await ownRoutes(gateway.url, admin).delete("/users/ann@home?now=true").expect(200);
  expect((await ann).status).toBeGreaterThanOrEqual(400);
  await inLine(gateway, { active: 1 });
  held.releaseAll();
  expect((await ben).status).toBe(200);
  await (await ben).text();
});

it("a queue event tells the range of the wait beside the estimate", async () => {
  const held = holding();
  await using gateway = await startTestGateway(held.handler, { MAX_CONCURRENT: "1" });
  const ended = gateway.post("/v1/chat/completions", chat());
  await held.release(0);
  await (await ended).text();
  const running = gateway.post("/v1/chat/completions", chat());
  await inLine(gateway, { active: 1 });
  const waiting = await gateway.post("/v1/chat/completions", chat({ stream: true }), {
    user: "bob",
  });
  held.releaseAll();
  const text = await waiting.text();
  await (await running).text();
  const events = text.split("\n").filter((line) => line.startsWith("data: {"));
  const { queue } = JSON.parse(events[0]?.slice(6) ?? "") as { queue: Record<string, unknown> };
  expect(queue).toMatchObject({ position: 1, eta_seconds: expect.any(Number) });
  const { eta_low_seconds: low, eta_seconds: eta, eta_high_seconds: high } = queue;
  expect(Number(low)).toBeLessThanOrEqual(Number(eta));
  expect(Number(high)).toBeGreaterThanOrEqual(Number(eta));
});
