import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, it } from "vitest";
import { WebSocket } from "ws";
import { chat, newTestKey, startTestGateway, type TestGateway } from "./support/harness.ts";

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function gatewayWith(config: string): Promise<TestGateway> {
  const gateway = await startTestGateway(() => {}, { UPSTREAM_URL: "" }, config);
  ends.push(() => gateway.stop());
  return gateway;
}

/** An upstream that hangs up on whoever asks for a WebSocket, and counts how often it was asked. */
async function refusing(): Promise<{ url: string; asked: () => number }> {
  let asked = 0;
  const server = createServer((_request, response) => void response.writeHead(404).end());
  server.on("upgrade", (_request, socket) => {
    asked += 1;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(async () => void server.close().closeAllConnections());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked: () => asked };
}

it("a WebSocket that one upstream refused is not tried at another: the client gets the refusal", async () => {
  const [a, b] = [await refusing(), await refusing()];
  const gateway = await gatewayWith(`upstreams:
  a: { url: "${a.url}", type: openai }
  b: { url: "${b.url}", type: openai }
routes: [{ model: live, upstreams: [a, b] }]
`);
  const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/v1/realtime?model=live`, {
    headers: { authorization: `Bearer ${gateway.keys.alice}` },
  });
  const status = await new Promise((resolve) => {
    socket.once("unexpected-response", (_request, response) => resolve(response.statusCode));
    socket.once("error", () => resolve("error"));
  });
  expect(status).toBe(502);
  expect((await gateway.health()).line).toMatchObject({ active: 0, waiting: 0 });
  expect(a.asked() + b.asked()).toBe(1);
  expect(gateway.rows()).toHaveLength(1);
});

it("the price of the model behind a name counts also if its queue has one upstream", async () => {
  const server = createServer((request, response) => {
    request.resume();
    const usage = { prompt_tokens: 1_000, completion_tokens: 0, total_tokens: 1_000 };
    const message = { role: "assistant", content: "hi" };
    const choices = [{ index: 0, message, finish_reason: "stop" }];
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ id: "x", object: "chat.completion", choices, usage }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(async () => void server.close().closeAllConnections());
  const { port } = server.address() as AddressInfo;
  const gateway = await gatewayWith(`upstreams:
  a: { url: "http://127.0.0.1:${port}", type: openai }
routes: [{ model: fast, upstream: a, as: real }]
models: { real: { price: { prompt: 0.000002 } } }
`);
  await (await gateway.post("/v1/chat/completions", chat({ model: "fast" }))).text();
  const [row] = gateway.rows() as { cost?: number }[];
  // Two dollars a million tokens, in billionths of a dollar.
  expect(row?.cost).toBe(2_000_000);
  const headers = { authorization: `Bearer ${gateway.keys.alice}` };
  const listed = await (await fetch(`${gateway.url}/api/v1/models`, { headers })).json();
  // What is shown is what is charged.
  expect(listed).toMatchObject({ data: [{ id: "fast", pricing: { prompt: "0.000002" } }] });
});

it("a key sees only the models that it may use, also in the error for an unknown model", async () => {
  const a = await refusing();
  const gateway = await gatewayWith(`upstreams: { a: { url: "${a.url}", type: openai } }
routes: [{ model: secret, upstream: a }, { model: team-one, upstream: a }]
`);
  const key = newTestKey();
  writeFileSync(gateway.usersFile, JSON.stringify({ [key]: { user: "dora", models: ["team-*"] } }));
  const response = await gateway.post("/v1/chat/completions", chat({ model: "team-two" }), {
    headers: { authorization: `Bearer ${key}` },
  });
  const text = await response.text();
  expect(response.status).toBe(404);
  expect(text).toContain("team-one");
  expect(text).not.toContain("secret");
});

it("a start waits for the lists that say where a model leads: its first request is no 404", async () => {
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader("content-type", "application/json");
    const choices = [{ index: 0, message: { role: "assistant", content: "hi" } }];
    const answer =
      request.url === "/v1/models"
        ? { object: "list", data: [{ id: "mock", object: "model" }] }
        : { id: "x", object: "chat.completion", choices };
    setTimeout(() => response.end(JSON.stringify(answer)), 300);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(async () => void server.close().closeAllConnections());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const gateway = await gatewayWith(`upstreams: { gpu: { url: "${url}", type: openai } }\n`);
  expect((await gateway.post("/v1/chat/completions", chat())).status).toBe(200);
});
