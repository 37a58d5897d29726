import { afterEach, describe, expect, it } from "vitest";
import type { Family } from "../../dialects/dialect.ts";
import { type MockUpstream, type Seen, startMockUpstream } from "../support/mock-upstream.ts";
import { type Case, cases } from "./cases.ts";
import { type Front, type FrontOptions, startFront } from "./conversion-server.ts";
import { answering, providers } from "./providers.ts";
import { askRaw, type RawAsk } from "./raw-client.ts";
import { type Convertible, conversation, upstreamBodies } from "./requests.ts";

const [plain] = cases as [Case];
const dialects = ["chat", "responses", "messages", "gemini"] as const;

let upstream: MockUpstream;
let front: Front;
afterEach(async () => {
  await front.close();
  await upstream.close();
});

type Sent = { answer: Response; text: string; seen: Seen; body: Record<string, unknown> };

/** Asks an upstream of a family, and shows what it was asked. */
async function sent(
  family: Family,
  dialect: Convertible,
  ask: RawAsk,
  options: Partial<FrontOptions> = {},
): Promise<Sent> {
  const provider = providers.find((one) => one.family === family)!;
  upstream = await startMockUpstream(answering(provider, plain, "whole"));
  front = await startFront({ provider, upstreamUrl: upstream.url, ...options });
  const answer = await askRaw(front.url, dialect, ask);
  const text = await answer.text();
  const seen = upstream.seen.at(-1)!;
  const body = seen === undefined ? {} : (JSON.parse(seen.body.toString()) as Sent["body"]);
  return { answer, text, seen, body };
}

describe.each(["openai", "anthropic", "google"] as const)("to %s", (family) => {
  it.each(dialects)("the whole conversation gets there from %s", async (dialect) => {
    const { answer, body } = await sent(family, dialect, { fields: conversation[dialect] });
    expect(answer.status).toBe(200);
    expect(body).toEqual(upstreamBodies(dialect)[family]);
  });

  it("no header of the client's gets there, and the right key does", async () => {
    const headers = {
      authorization: "Bearer client-key",
      "x-stainless-lang": "js",
      "anthropic-beta": "mine",
      "openai-organization": "org",
    };
    const { seen } = await sent(family, "responses", { headers });
    const names = Object.keys(seen.headers).filter((name) => !/^(host|connection)$/.test(name));
    const own = { openai: "authorization", anthropic: "x-api-key", google: "x-goog-api-key" };
    const version = family === "anthropic" ? ["anthropic-version"] : [];
    const expected = ["accept", "content-length", "content-type", "x-request-id", ...version];
    expect(names.sort()).toEqual([...expected, own[family]].sort());
    expect(JSON.stringify(seen.headers)).not.toMatch(/client|mine|org"|unused/);
    expect(String(seen.headers[own[family]])).toContain("upstream-key");
  });
});

describe("what does not get through", () => {
  const fields = { logprobs: true, seed: 4, top_k: 5 };

  it("is named in a header", async () => {
    const { answer } = await sent("anthropic", "chat", { fields });
    expect(answer.headers.get("x-gateway-dropped")?.split(", ")).toEqual(["logprobs", "seed"]);
  });

  it("is refused by a strict gateway before the upstream hears of it", async () => {
    const { answer, text } = await sent("anthropic", "chat", { fields }, { strict: true });
    expect(answer.status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({
      error: { type: "invalid_request_error", message: expect.stringContaining("logprobs, seed") },
    });
    expect(upstream.seen).toHaveLength(0);
  });

  it("has no header if nothing was dropped", async () => {
    const { answer } = await sent("anthropic", "chat", {}, { strict: true });
    expect([answer.status, answer.headers.get("x-gateway-dropped")]).toEqual([200, null]);
  });

  it("cache marks are named in the header, and are no reason to refuse", async () => {
    const fields = conversation.messages;
    const { answer } = await sent("google", "messages", { fields }, { strict: true });
    expect([answer.status, answer.headers.get("x-gateway-dropped")]).toEqual([
      200,
      "cache_control",
    ]);
  });

  it("several answers to one request are refused, never merged", async () => {
    const { answer, text } = await sent("google", "chat", { fields: { n: 2 } });
    expect(answer.status).toBe(400);
    expect(JSON.parse(text)).toMatchObject({ error: { param: "n" } });
    expect(upstream.seen).toHaveLength(0);
  });
});

describe("what differs by upstream", () => {
  const system = [
    { role: "system", content: "One." },
    { role: "system", content: "Two." },
    { role: "user", content: "Hello." },
    { role: "system", content: "Three." },
    { role: "user", content: "Go on." },
  ];

  const note = "<system>\nThree.\n</system>";

  it("OpenAI has one system message at the start, and later ones as notes of the user", async () => {
    const input = system.map((message) => ({ ...message }));
    const { body } = await sent("openai", "responses", { fields: { input } });
    expect(body.messages).toEqual([
      { role: "system", content: "One.\n\nTwo." },
      { role: "user", content: `Hello.\n\n${note}\n\nGo on.` },
    ]);
  });

  it("Anthropic and Gemini have those at the start beside the conversation", async () => {
    const { body } = await sent("google", "chat", { fields: { messages: system } });
    const parts = ["One.", "Two."].map((text) => ({ text }));
    expect(body.systemInstruction).toEqual({ parts });
    expect(JSON.stringify(body.contents)).toContain("Three.");
    await front.close();
    await upstream.close();
    const { body: other } = await sent("anthropic", "chat", { fields: { messages: system } });
    const blocks = ["One.", "Two."].map((text) => ({ type: "text", text }));
    expect(other.system).toEqual(blocks);
    expect(JSON.stringify(other.messages)).toContain("Three.");
    expect(other).not.toHaveProperty("betas");
  });

  it("Anthropic gets the default for max_tokens, and a budget counts as part of a limit", async () => {
    expect((await sent("anthropic", "chat", {})).body.max_tokens).toBe(4096);
    await front.close();
    await upstream.close();
    const fields = { max_completion_tokens: 5000, reasoning: { max_tokens: 2000 } };
    const { body } = await sent("anthropic", "chat", { fields });
    expect(body).toMatchObject({
      max_tokens: 5000,
      thinking: { type: "enabled", budget_tokens: 2000 },
    });
  });

  it("an image in a tool's result goes behind it, where results are texts", async () => {
    const source = { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" };
    const result = [
      { type: "text", text: "A photo." },
      { type: "image", source },
    ];
    const messages = [
      { role: "user", content: "Look." },
      { role: "assistant", content: [{ type: "tool_use", id: "c1", name: "look", input: {} }] },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "c1", content: result },
          { type: "text", text: "What is it?" },
        ],
      },
    ];
    const { body } = await sent("openai", "messages", { fields: { messages } });
    const url = "data:image/png;base64,iVBORw0KGgo=";
    expect((body.messages as object[]).slice(2)).toEqual([
      { role: "tool", tool_call_id: "c1", content: "A photo." },
      {
        role: "user",
        content: [
          { type: "image_url", image_url: { url } },
          { type: "text", text: "What is it?" },
        ],
      },
    ]);
  });

  it("a JSON schema stays a JSON schema, and top_k goes to the upstreams that know it", async () => {
    const fields = {
      generationConfig: {
        topK: 7,
        responseMimeType: "application/json",
        responseJsonSchema: { type: "object", properties: { a: { type: "number" } } },
      },
    };
    const { body } = await sent("openai", "gemini", { fields }, { type: "vllm" });
    expect(body).toMatchObject({
      top_k: 7,
      response_format: { type: "json_schema", json_schema: { strict: false } },
    });
    await front.close();
    await upstream.close();
    const strictly = await sent("openai", "gemini", { fields });
    expect(strictly.body).not.toHaveProperty("top_k");
    expect(strictly.answer.headers.get("x-gateway-dropped")).toBe("generationConfig.topK");
  });

  it("OpenAI's reasoning models know only the new name of the limit", async () => {
    const { body } = await sent("openai", "messages", {}, { model: "gpt-5-mini" });
    expect(body).toMatchObject({ model: "gpt-5-mini", max_completion_tokens: 100 });
    expect(body).not.toHaveProperty("max_tokens");
  });
});

it("Gemini's stream without alt=sse is one JSON array", async () => {
  const path = "/v1beta/models/asked:streamGenerateContent";
  const { answer, text } = await sent("openai", "gemini", { path });
  expect(answer.headers.get("content-type")).toBe("application/json");
  const chunks = JSON.parse(text) as { candidates: { content: { parts: { text: string }[] } }[] }[];
  const said = chunks.map((one) => one.candidates[0]?.content.parts[0]?.text).join("");
  expect(said).toBe(plain.text);
});
