import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway } from "./support/harness.ts";

let gateway: TestGateway;
/** What the upstream answers to everything, in llama-server's shape: a number as `code`. */
let status = 500;
let fields: Record<string, unknown> = {};
const details = "said by the upstream";
beforeAll(async () => {
  gateway = await startTestGateway((_seen, response) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify({ error: { code: status, message: details, ...fields } }));
  });
});
afterAll(() => gateway.stop());

const roads: [string, Record<string, unknown>][] = [
  ["/v1/chat/completions", chat()],
  ["/v1/chat/completions", chat({ stream: true })],
  ["/v1/completions", { prompt: "a" }],
  ["/v1/responses", { input: "a", stream: true }],
  ["/v1/embeddings", { input: "a" }],
  ["/v1/rerank", { query: "a", documents: ["b"] }],
  ["/v1/audio/speech", { input: "a" }],
  ["/v1/files", {}],
  ["/v1/tokenize", { content: "a" }],
];

const answers: [number, Record<string, unknown>, number, string][] = [
  [400, { type: "exceed_context_size_error", n_ctx: 9 }, 400, "context_length_exceeded"],
  [422, { code: "odd", param: "input" }, 422, "odd"],
  [401, {}, 502, "upstream_auth"],
  [403, {}, 502, "upstream_auth"],
  [500, {}, 502, "upstream_error"],
  [503, {}, 502, "upstream_error"],
  [501, {}, 501, "not_supported"],
  [529, {}, 529, "overloaded"],
];

async function answered(path: string, body: unknown) {
  const response = await gateway.post(path, body);
  type Told = { type?: string; error: Record<string, unknown> };
  return { status: response.status, body: (await response.json()) as Told };
}

describe.each(answers)("an upstream's %i with %j", (sent, more, wanted, code) => {
  it.each(roads)("on %s %j is an error with OpenAI's four keys", async (path, body) => {
    [status, fields] = [sent, more];
    const told = await answered(path, body);
    expect(told.status).toBe(wanted);
    const { error } = told.body;
    expect(Object.keys(error)).toEqual(
      expect.arrayContaining(["message", "type", "param", "code"]),
    );
    expect(error.code).toBe(code);
    expect(error.param).toBe(more.param ?? null);
    expect(error.n_ctx).toBe(more.n_ctx);
    // What it says of a refused key may repeat that key.
    expect(String(error.message).includes(details)).toBe(code !== "upstream_auth");
  });

  it.each([false, true])("on Messages is Anthropic's error (stream: %s)", async (stream) => {
    [status, fields] = [sent, more];
    const told = await answered("/v1/messages", chat({ max_tokens: 5, stream }));
    expect(told.status).toBe(wanted);
    expect(told.body).toMatchObject({ type: "error", request_id: expect.any(String) });
    expect(told.body.error.n_ctx).toBe(more.n_ctx);
    expect(told.body.error.code).toBeUndefined();
  });

  it("is raised by the real clients with that status", async () => {
    [status, fields] = [sent, more];
    const options = { apiKey: gateway.keys.alice ?? "", maxRetries: 0 };
    const openai = new OpenAI({ ...options, baseURL: `${gateway.url}/v1` });
    const anthropic = new Anthropic({ ...options, baseURL: gateway.url });
    const messages = [{ role: "user" as const, content: "hello" }];
    const ask = [
      () => openai.chat.completions.create({ model: "m", messages }),
      () => openai.responses.create({ model: "m", input: "a", stream: true }),
      () => openai.files.list(),
      () => anthropic.messages.create({ model: "m", messages, max_tokens: 5 }),
      () => anthropic.messages.create({ model: "m", messages, max_tokens: 5, stream: true }),
    ];
    // One by one: whoever streams and waits in line has a 200 already.
    const raised: unknown[] = [];
    for (const one of ask) raised.push(await one().catch((error: unknown) => error));
    for (const error of raised) expect(error).toMatchObject({ status: wanted });
    expect(raised[0]).toMatchObject({ code, param: more.param ?? null });
  });
});
