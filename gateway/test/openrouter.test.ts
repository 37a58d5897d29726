import { OpenRouter } from "@openrouter/sdk";
import OpenAI, { APIError } from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/harness.ts";
import type { Handler } from "./support/mock-upstream.ts";

const usage = { prompt_tokens: 100, completion_tokens: 10, total_tokens: 110 };
const head = { id: "chatcmpl-7", created: 1, model: "mock" };
const end = { index: 0, finish_reason: "stop" };
/** 100 tokens at 8 and 10 at 24 millionths of a dollar. */
const cost = 0.00104;

const chunks = [
  { choices: [{ index: 0, delta: { role: "assistant", content: "é" }, finish_reason: null }] },
  { choices: [{ ...end, delta: {} }] },
].map((one) => ({ ...head, object: "chat.completion.chunk", ...one }));

/** A server like vLLM: no fingerprint, and usage in a stream only where it is asked for. */
const answering: Handler = ({ body }, response) => {
  const { stream, stream_options: options } = JSON.parse(body.toString());
  if (!stream) {
    const message = { role: "assistant", content: "é" };
    const answer = { ...head, object: "chat.completion", choices: [{ ...end, message }], usage };
    response.setHeader("content-type", "application/json").end(JSON.stringify(answer));
    return;
  }
  const last = { ...head, object: "chat.completion.chunk", choices: [], usage };
  const all = options?.include_usage ? [...chunks, last] : chunks;
  const events = all.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("");
  response.setHeader("content-type", "text/event-stream").end(`${events}data: [DONE]\n\n`);
};

const messages = [{ role: "user" as const, content: "hello" }];
let gateway: TestGateway;
let router: OpenRouter;
let openai: OpenAI;

beforeAll(async () => {
  gateway = await startTestGateway(answering, {
    MODEL_ID: "house/chat",
    PRICE_PER_PROMPT_TOKEN: "0.000008",
    PRICE_PER_COMPLETION_TOKEN: "0.000024",
    CORS_ORIGINS: "https://chat.example.com",
  });
  const apiKey = gateway.keys.alice ?? "";
  const serverURL = `${gateway.url}/api/v1`;
  router = new OpenRouter({ apiKey, serverURL, retryConfig: { strategy: "none" } });
  openai = new OpenAI({ apiKey, baseURL: serverURL, maxRetries: 0 });
});
beforeEach(() => gateway.upstream.answer(answering));
afterAll(() => gateway.stop());

/** A stream of OpenRouter's own client. */
async function streamed() {
  const answer = await router.chat.send({
    chatRequest: { model: "mock", messages, stream: true },
  });
  if (!(Symbol.asyncIterator in answer)) throw new Error("it came whole");
  return answer;
}

describe("OpenRouter's own client", () => {
  it("sees the one model under MODEL_ID, with its price", async () => {
    const { result } = await router.models.list();
    expect(result.data).toMatchObject([
      {
        ...{ id: "house/chat", contextLength: 131_072 },
        pricing: { prompt: "0.000008", completion: "0.000024" },
      },
    ]);
    const { data } = await router.endpoints.list({ author: "house", slug: "chat" });
    expect(data.endpoints).toHaveLength(1);
  });

  it("asks for the model by MODEL_ID, and the upstream gets its own name for it", async () => {
    const chatRequest = { model: "house/chat", messages, stream: false as const };
    await router.chat.send({ chatRequest });
    const { body } = gateway.upstream.seen.at(-1) ?? {};
    expect(JSON.parse(String(body))).toMatchObject({ model: "mock" });
  });

  it("chats, gets the cost, and finds the generation again", async () => {
    const answer = await router.chat.send({
      chatRequest: { model: "mock", messages, stream: false },
    });
    if (!("usage" in answer)) throw new Error("it came as a stream");
    expect(answer.usage).toMatchObject({ promptTokens: 100, cost, isByok: false });
    expect(answer.choices[0]?.message.content).toBe("é");
    for (const id of [answer.id, "chatcmpl-7"]) {
      const { data } = await router.generations.getGeneration({ id });
      expect(data).toMatchObject({
        ...{ tokensPrompt: 100, tokensCompletion: 10, streamed: false, totalCost: cost },
        ...{ upstreamId: "chatcmpl-7", model: "mock", apiType: "completions" },
      });
    }
  });

  it("streams, and gets the cost without asking", async () => {
    const stream = await streamed();
    let text = "";
    let told: number | null | undefined;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? "";
      told ??= chunk.usage?.cost;
    }
    expect({ text, told }).toEqual({ text: "é", told: cost });
  });

  it("sees what its key has spent, and no other key sees it", async () => {
    const { data } = await router.apiKeys.getCurrentKeyMetadata();
    expect(data).toMatchObject({ limit: null, isFreeTier: false });
    expect(data.usage).toBeGreaterThanOrEqual(2 * cost);
    expect(data.usageDaily).toBeCloseTo(data.usage, 9);
    expect((await router.credits.getCredits()).data.totalUsage).toBeCloseTo(data.usage, 9);
    const serverURL = `${gateway.url}/api/v1`;
    const bob = new OpenRouter({ apiKey: gateway.keys.bob ?? "", serverURL });
    expect((await bob.apiKeys.getCurrentKeyMetadata()).data.usage).toBe(0);
    const foreign = bob.generations.getGeneration({ id: "chatcmpl-7" });
    await expect(foreign).rejects.toMatchObject({ statusCode: 404 });
  });

  it("gets errors with a number as code", async () => {
    const other = new OpenRouter({ apiKey: "sk-wrong", serverURL: `${gateway.url}/api/v1` });
    await expect(other.apiKeys.getCurrentKeyMetadata()).rejects.toMatchObject({
      statusCode: 401,
      error: { code: 401, metadata: { error_type: "authentication" } },
    });
    const empty = router.chat.send({ chatRequest: { model: "mock", messages: [], stream: false } });
    await expect(empty).rejects.toMatchObject({
      statusCode: 400,
      error: { code: 400, metadata: { param: "messages" } },
    });
  });

  it("reads an error inside a stream as a chunk", async () => {
    gateway.upstream.answer((_seen, response) => {
      response.setHeader("content-type", "text/event-stream");
      response.write(`data: ${JSON.stringify(chunks[0])}\n\n`);
      setTimeout(() => response.destroy(), 50);
    });
    const stream = await streamed();
    const all = await Array.fromAsync(stream);
    expect(all.at(-1)).toMatchObject({
      error: { code: 502, metadata: { errorType: "provider_unavailable" } },
      choices: [{ finishReason: "error" }],
    });
  });

  it("pages through a list to its end", async () => {
    const { result } = await router.models.list({ limit: 1, offset: 1 });
    expect(result).toMatchObject({ data: [], totalCount: 1 });
  });
});

describe("a client of OpenAI's below /api/v1", () => {
  it("chats, streams and lists as ever", async () => {
    const answer = await openai.chat.completions.create({ model: "mock", messages });
    expect(answer.choices[0]?.message.content).toBe("é");
    expect(answer.usage).toMatchObject({ prompt_tokens: 100, cost });
    const stream = await openai.chat.completions.create({ model: "mock", messages, stream: true });
    let text = "";
    for await (const chunk of stream) text += chunk.choices[0]?.delta.content ?? "";
    expect(text).toBe("é");
    expect((await openai.models.list()).data).toMatchObject([{ id: "house/chat" }]);
  });

  it("raises an error inside a stream", async () => {
    gateway.upstream.answer((_seen, response) => {
      response.setHeader("content-type", "text/event-stream");
      response.write(`data: ${JSON.stringify(chunks[0])}\n\n`);
      setTimeout(() => response.destroy(), 50);
    });
    const stream = await openai.chat.completions.create({ model: "mock", messages, stream: true });
    await expect(Array.fromAsync(stream)).rejects.toBeInstanceOf(APIError);
  });

  it("answers web pages of allowed origins", async () => {
    const origin = "https://chat.example.com";
    const authorization = `Bearer ${gateway.keys.alice}`;
    const answer = await fetch(`${gateway.url}/api/v1/key`, { headers: { origin, authorization } });
    expect(answer.headers.get("access-control-allow-origin")).toBe(origin);
  });
});

describe("a client of OpenAI's below /v1", () => {
  it("still gets errors in OpenAI's words", async () => {
    const other = new OpenAI({ apiKey: gateway.keys.alice, baseURL: `${gateway.url}/v1` });
    const answer = await other.chat.completions.create({ model: "mock", messages });
    expect(answer.usage).toEqual(usage);
    expect(answer).not.toHaveProperty("system_fingerprint");
    expect((await other.models.list()).data).toMatchObject([{ id: "mock", object: "model" }]);
  });
});
