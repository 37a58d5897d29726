import { afterEach, describe, expect, it } from "vitest";
import { recorded } from "./fixtures/recorded.ts";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { chatChunk, chatFinish, done, type Handler, politeChat } from "./support/mock-upstream.ts";

const llamacpp = { UPSTREAM_TYPE: "llamacpp" };
let gateway: TestGateway;
afterEach(() => gateway.stop());

const streaming =
  (...events: string[]): Handler =>
  (_seen, response) => {
    response.writeHead(200, { "content-type": "text/event-stream", "x-accel-buffering": "no" });
    response.end(events.join(""));
  };
const body = (at = 0): string => gateway.upstream.seen[at]?.body.toString() ?? "";

describe("a request that does not stream, to llama.cpp", () => {
  it("goes to the upstream as a stream with usage, and with every other byte unchanged", async () => {
    gateway = await startTestGateway(politeChat, llamacpp);
    const asked =
      '{"seed":9007199254740993, "stream":false,"messages":[{"role":"user","content":"hi"}],"x":1,"x":2}';
    const response = await gateway.post("/v1/chat/completions", asked);
    expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
    expect(response.headers.get("x-accel-buffering")).toBeNull();
    expect(await response.json()).toMatchObject({
      id: response.headers.get("x-request-id"),
      object: "chat.completion",
      choices: [{ message: { role: "assistant", content: "Hello there" }, finish_reason: "stop" }],
      usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
    });
    expect(body()).toBe(
      asked
        .replace('"stream":false', '"stream":true')
        .replace("{", '{"stream_options":{"include_usage":true},'),
    );
    expect(gateway.rows()).toMatchObject([
      { state: "done", streamed: 0, output_tokens: 2, upstream_id: "chatcmpl-upstream" },
    ]);
  });

  it("passes unchanged for another server or another dialect", async () => {
    gateway = await startTestGateway(politeChat, { UPSTREAM_TYPE: "openai" });
    await (await gateway.post("/v1/chat/completions", chat())).text();
    expect(body()).toBe(JSON.stringify(chat()));
    await (await gateway.post("/v1/messages", chat({ max_tokens: 5 }))).text();
    expect(body(1)).toBe(JSON.stringify(chat({ max_tokens: 5 })));
  });

  it("accepts one JSON answer if the server does not stream", async () => {
    gateway = await startTestGateway((_seen, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end('{"id":"up","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}}');
    }, llamacpp);
    const response = await gateway.post("/v1/chat/completions", chat());
    expect(await response.json()).toMatchObject({ id: response.headers.get("x-request-id") });
    expect(gateway.rows()).toMatchObject([{ state: "done", output_tokens: 2 }]);
  });

  it.each([
    ["its error event", 'data: {"error":{"code":400,"message":"Bad.","n_ctx":9}}\n\n', 400],
    ["its failure", 'data: {"error":{"code":500,"message":"Bad."}}\n\n', 502],
    ["its breaking off", "", 502],
  ])("has a real status for %s in mid-stream", async (_what, event, status) => {
    gateway = await startTestGateway(streaming(chatChunk("half"), event), llamacpp);
    const response = await gateway.post("/v1/chat/completions", chat());
    expect(response.status).toBe(status);
    const { error } = (await response.json()) as { error: Record<string, unknown> };
    expect(typeof error.code).toBe("string");
    if (status === 400) expect(error).toMatchObject({ message: "Bad.", n_ctx: 9 });
    expect(gateway.rows()).toMatchObject([{ state: "failed", status }]);
    expect((await gateway.health()).line).toMatchObject({ active: 0 });
  });

  it("counts the tokens that were generated until the client left", async () => {
    gateway = await startTestGateway((_seen, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (let i = 0; i < 7; i++) response.write(chatChunk("word"));
    }, llamacpp);
    const leaving = new AbortController();
    const { signal } = leaving;
    gateway.post("/v1/chat/completions", chat(), { signal }).catch(() => {});
    await until(() => gateway.upstream.active() === 1, "it runs");
    await new Promise((resolve) => setTimeout(resolve, 100));
    leaving.abort();
    await until(() => gateway.rows()[0]?.state === "cancelled", "the row is closed", 1_000);
    expect(gateway.rows()).toMatchObject([{ output_tokens: 7, usage_source: "estimated" }]);
  });
});

describe("the progress of a prompt", () => {
  const progress = recorded("chat-stream-progress").body.toString();

  it("comes in the gateway's form to a stream that asks for chunks", async () => {
    gateway = await startTestGateway(streaming(progress), llamacpp);
    const headers = { "x-queue-events": "chunk" };
    const response = await gateway.post("/v1/chat/completions", chat({ stream: true }), {
      headers,
    });
    const text = await response.text();
    expect(body()).toContain('"return_progress":true');
    expect(text.match(/"progress":\{"processed"/g)).toHaveLength(2);
    expect(text).not.toContain("prompt_progress");
    // The role comes once, as without progress.
    expect(text.match(/"role"/g)).toHaveLength(1);
    const ids = [...text.matchAll(/"id":"([^"]+)"/g)].map((match) => match[1]);
    expect(new Set(ids)).toEqual(new Set([response.headers.get("x-request-id")]));
    expect(gateway.rows()[0]?.upstream_id).toMatch(/^chatcmpl-/);
  });

  it("passes unchanged to a client that asked for it itself", async () => {
    gateway = await startTestGateway(streaming(progress), llamacpp);
    const asked = chat({ stream: true, return_progress: true });
    const headers = { "x-queue-events": "chunk" };
    const text = await (await gateway.post("/v1/chat/completions", asked, { headers })).text();
    expect(body()).toBe(JSON.stringify(asked));
    expect(text.match(/"prompt_progress"/g)).toHaveLength(2);
  });

  it("is not asked for by any other request", async () => {
    gateway = await startTestGateway(streaming(chatChunk("a"), chatFinish, done), llamacpp);
    await (await gateway.post("/v1/chat/completions", chat({ stream: true }))).text();
    expect(body()).toBe(JSON.stringify(chat({ stream: true })));
  });
});
