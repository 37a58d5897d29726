import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { inLine } from "./support/holding.ts";
import { politeChat } from "./support/mock-upstream.ts";

let server: WebSocketServer;
let gateway: TestGateway;
let protocols: (string | undefined)[] = [];
beforeEach(async () => {
  protocols = [];
  server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  await once(server, "listening");
  server.on("connection", (socket, request) => {
    protocols.push(request.headers["sec-websocket-protocol"]);
    const usage = { total_tokens: 12, input_tokens: 7, output_tokens: 5 };
    const done = JSON.stringify({ type: "response.done", response: { usage } });
    socket.on("message", (data) => socket.send(String(data) === "ask" ? done : `echo ${data}`));
  });
  const { port } = server.address() as { port: number };
  gateway = await startTestGateway(politeChat, {
    UPSTREAM_URL: `http://127.0.0.1:${port}`,
    IDLE_TIMEOUT: "2s",
  });
});
afterEach(async () => {
  for (const socket of server.clients) socket.terminate();
  server.close();
  await inLine(gateway, { active: 0, waiting: 0 });
  await gateway.stop();
});

async function open(asked: string[] = ["realtime"], headers?: object): Promise<WebSocket> {
  const given = headers ?? { authorization: `Bearer ${gateway.keys.alice}` };
  const url = `ws://127.0.0.1:${gateway.port}/v1/realtime`;
  const socket = new WebSocket(url, asked, { headers: given as Record<string, string> });
  socket.on("error", () => {});
  await once(socket, "open");
  return socket;
}

it("an idle WebSocket ends after IDLE_TIMEOUT, and one that is used does not", async () => {
  const socket = await open();
  const talk = setInterval(() => socket.send("on"), 200);
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  expect(socket.readyState).toBe(WebSocket.OPEN);
  clearInterval(talk);
  await once(socket, "close");
  await until(() => gateway.rows()[0]?.state !== "open", "the row is closed");
  expect(gateway.rows()).toMatchObject([{ state: "failed", error_code: "upstream_timeout" }]);
});

it("what the upstream says with its head reaches the client, and counts", async () => {
  const usage = { input_tokens: 3, output_tokens: 4 };
  const greeting = JSON.stringify({ type: "response.done", response: { usage } });
  server.prependListener("connection", (socket) => socket.send(greeting));
  const headers = { authorization: `Bearer ${gateway.keys.alice}` };
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/v1/realtime`, { headers });
  expect(String((await once(socket, "message"))[0])).toBe(greeting);
  socket.close();
  await until(() => gateway.rows()[0]?.state === "done", "the row is closed");
  expect(gateway.rows()).toMatchObject([{ input_tokens: 3, output_tokens: 4 }]);
});

it("a WebSocket that is cancelled has a row that says so", async () => {
  const socket = await open();
  const headers = { authorization: `Bearer ${gateway.keys.alice}` };
  const { data } = (await (await fetch(`${gateway.url}/queue`, { headers })).json()) as {
    data: { id: string }[];
  };
  await fetch(`${gateway.url}/queue/${data[0]?.id}`, { method: "DELETE", headers });
  await once(socket, "close");
  await inLine(gateway, { active: 0 });
  expect(gateway.rows()).toMatchObject([{ state: "cancelled", error_code: "cancelled" }]);
});

it("a WebSocket ends with the key that opened it", async () => {
  const socket = await open();
  const talk = setInterval(() => socket.send("on"), 200);
  writeFileSync(gateway.usersFile, JSON.stringify({ [gateway.keys.bob ?? ""]: "bob" }));
  await once(socket, "close");
  clearInterval(talk);
  await inLine(gateway, { active: 0 });
  expect(gateway.rows()).toMatchObject([{ state: "cancelled" }]);
}, 20_000);

it("the usage of realtime events is in the row, for all responses together", async () => {
  const socket = await open();
  for (let count = 0; count < 2; count++) {
    socket.send("ask");
    await once(socket, "message");
  }
  socket.close();
  await inLine(gateway, { active: 0 });
  await until(() => gateway.rows()[0]?.state === "done", "the row is closed");
  expect(gateway.rows()).toMatchObject([{ state: "done", input_tokens: 14, output_tokens: 10 }]);
});

it("a browser's key comes in a subprotocol, which no upstream sees", async () => {
  const key = `openai-insecure-api-key.${gateway.keys.alice}`;
  const socket = await open(["realtime", key, "openai-beta.realtime-v1"], {});
  socket.send("hi");
  expect(String((await once(socket, "message"))[0])).toBe("echo hi");
  expect(protocols).toEqual(["realtime, openai-beta.realtime-v1"]);
  // The row is written soon after the socket is open: nobody was told a place.
  await until(() => gateway.rows().length === 1, "there is a row");
  expect(gateway.rows()).toMatchObject([{ user: "alice" }]);
  socket.close();
});
