import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway, until } from "./support/harness.ts";

let gateway: TestGateway;
let server: Server;
/** What the server was asked: its paths, and their bodies. */
let asked: { url: string; body: string }[];
afterEach(async () => {
  await gateway.stop();
  server.closeAllConnections();
  server.close();
});

const fixture = join(import.meta.dirname, "fixtures/ollama/chat-stream.http");
const [, recordedChat = ""] = readFileSync(fixture, "latin1").split(/\r?\n\r?\n/, 2);

type Answers = Readonly<Record<string, (response: ServerResponse) => void>>;

const json = (value: object) => (response: ServerResponse) => {
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(value));
};
const chatAnswers: Answers = {
  "/v1/chat/completions"(response) {
    const choices = [{ index: 0, delta: { content: "Hi" }, finish_reason: "stop" }];
    response.setHeader("content-type", "text/event-stream");
    response.end(`data: ${JSON.stringify({ id: "u1", choices })}\n\ndata: [DONE]\n\n`);
  },
};
const ollamaAnswers: Answers = {
  ...chatAnswers,
  "/api/version": json({ version: "0.20.2" }),
  "/api/chat"(response) {
    response.setHeader("content-type", "application/x-ndjson");
    response.end(recordedChat, "latin1");
  },
};

/** A gateway in front of a server with these models, once it has looked at the server. */
async function start(models: object[], answers: Answers): Promise<void> {
  asked = [];
  server = createServer(async (request, response) => {
    const { url = "" } = request;
    asked.push({ url, body: await text(request) });
    const all: Answers = { ...answers, "/v1/models": json({ object: "list", data: models }) };
    if (all[url] === undefined) response.writeHead(404).end("404 page not found");
    else all[url](response);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  gateway = await startTestGateway((_seen, response) => void response.end(), {
    UPSTREAM_URL: `http://127.0.0.1:${port}`,
    UPSTREAM_TYPE: "auto",
    // Each of several processes asks.
    WORKERS: "1",
  });
  // The first answer shows that the list, and what follows from it, is known.
  await until(async () => {
    const headers = { authorization: `Bearer ${gateway.keys.alice}` };
    const list = await (await fetch(`${gateway.url}/api/tags`, { headers })).json();
    return (list as { models: unknown[] }).models.length === models.length;
  }, "the models are listed");
}

const ask = (model: string): Promise<Response> =>
  gateway.post("/api/chat", {
    model,
    messages: [{ role: "user", content: "Hello" }],
    keep_alive: "5m",
  });
const urls = (): string[] => asked.map(({ url }) => url);

const own = { id: "tiny:latest", object: "model", owned_by: "library" };
const pulled = { id: "hf.co/people/tiny:Q4_K_M", object: "model", owned_by: "people" };
const other = { id: "tiny", object: "model", owned_by: "vllm" };

describe("an upstream whose type is auto", () => {
  it.each([
    ["the owner of a model", [own, other], "tiny:latest"],
    ["the tag behind each name", [pulled], "hf.co/people/tiny:Q4_K_M"],
  ])("is found to be an Ollama by %s, and bytes pass", async (_by, models, model) => {
    await start(models, ollamaAnswers);
    const answer = await ask(model);
    expect(await answer.text()).toBe(recordedChat);
    expect(answer.headers.get("x-gateway-dropped")).toBeNull();
    expect(JSON.parse(asked.at(-1)?.body ?? "")).toMatchObject({ model, keep_alive: "5m" });
    expect(urls().filter((url) => url === "/api/version")).toHaveLength(1);
    expect(urls().at(-1)).toBe("/api/chat");
  });

  it("is asked in OpenAI's API if it only lists its models as an Ollama does", async () => {
    await start([own], chatAnswers);
    const answer = await ask(own.id);
    expect(await answer.text()).toContain('"content":"Hi"');
    expect(answer.headers.get("x-gateway-dropped")).toBe("keep_alive");
    expect(urls()).toContain("/api/version");
    expect(urls()).not.toContain("/api/chat");
  });

  it("is not asked for Ollama's version if it lists its models in another way", async () => {
    await start([other], ollamaAnswers);
    expect(await (await ask(other.id)).text()).toContain('"content":"Hi"');
    expect(urls()).not.toContain("/api/version");
  });
});
