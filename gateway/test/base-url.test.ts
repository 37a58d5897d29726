import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { chat, startTestGateway } from "./support/harness.ts";
import { chatAnswer, politeChat } from "./support/mock-upstream.ts";

let upstream: Server;
let origin: string;
let seen: string[] = [];
beforeAll(async () => {
  upstream = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`);
    request.resume();
    response.setHeader("content-type", "application/json");
    const isList = request.url?.endsWith("/v1/models") ?? false;
    response.end(isList ? '{"object":"list","data":[{"id":"mock"}]}' : chatAnswer("here"));
  });
  const sockets = new WebSocketServer({ server: upstream });
  sockets.on("connection", (socket, request) => {
    seen.push(`UPGRADE ${request.url}`);
    socket.send("hi");
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
});
beforeEach(() => {
  seen = [];
});
afterAll(() => {
  upstream.closeAllConnections();
  upstream.close();
});

/** Every way to the upstream: generations, reads, the list of models, WebSockets; by the alias too. */
it.each([
  ["", ""],
  ["/", ""],
  ["/v1", ""],
  ["/v1/", ""],
  ["/llama", "/llama"],
  ["/llama/", "/llama"],
  ["/llama/v1", "/llama"],
  ["/a/llama/v1/", "/a/llama"],
])("UPSTREAM_URL that ends with '%s' is asked below '%s/v1' by every road", async (end, prefix) => {
  await using gateway = await startTestGateway(politeChat, { UPSTREAM_URL: origin + end });
  const headers = { authorization: `Bearer ${gateway.keys.alice}` };
  expect((await gateway.post("/v1/chat/completions", chat())).status).toBe(200);
  expect((await gateway.post("/api/v1/chat/completions?a=b", chat())).status).toBe(200);
  expect((await fetch(`${gateway.url}/v1/files?limit=2`, { headers })).status).toBe(200);
  const models = await (await fetch(`${gateway.url}/v1/models`, { headers })).json();
  expect(models).toMatchObject({ data: [{ id: "mock" }] });
  const url = `ws://127.0.0.1:${gateway.port}/v1/realtime?model=mock`;
  const socket = new WebSocket(url, { headers });
  await new Promise((resolve, reject) => socket.once("message", resolve).once("error", reject));
  socket.terminate();
  expect(seen).toEqual(
    expect.arrayContaining([
      `POST ${prefix}/v1/chat/completions`,
      `POST ${prefix}/v1/chat/completions?a=b`,
      `GET ${prefix}/v1/files?limit=2`,
      `GET ${prefix}/v1/models`,
      `UPGRADE ${prefix}/v1/realtime?model=mock`,
    ]),
  );
});
