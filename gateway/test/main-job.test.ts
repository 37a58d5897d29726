import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { inLine } from "./support/holding.ts";
import {
  type LlamaServer,
  llamaScript,
  startLlamaServer,
  whyNoLlama,
} from "./support/llama-server.ts";
import { politeChat } from "./support/mock-upstream.ts";

if (llamaScript === null) console.warn(`main-job: ${whyNoLlama}`);

/** The main job, on a real llama-server with the real clients: three users at once, one slot. */
describe.runIf(llamaScript !== null)("in front of a real llama-server", () => {
  let llama: LlamaServer;
  let gateway: TestGateway;

  beforeAll(async () => {
    llama = await startLlamaServer(llamaScript ?? "", {}, ["--metrics"]);
    gateway = await startTestGateway(politeChat, {
      UPSTREAM_URL: `${llama.url}/v1/`,
      UPSTREAM_TYPE: "auto",
      MAX_CONCURRENT: "1",
    });
  });
  afterAll(async () => {
    await gateway.stop();
    llama.stop();
  });

  const openai = (user: string): OpenAI =>
    new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.keys[user] ?? "", maxRetries: 0 });
  const anthropic = (user: string): Anthropic =>
    new Anthropic({ baseURL: gateway.url, apiKey: gateway.keys[user] ?? "", maxRetries: 0 });
  const messages = [{ role: "user" as const, content: "Tell me a story" }];

  async function streamedTokens(user: string, max: number): Promise<number> {
    const stream = await openai(user).chat.completions.create({
      model: "gpt-4o",
      messages,
      max_completion_tokens: max,
      stream: true,
      stream_options: { include_usage: true },
    });
    let usage = 0;
    for await (const chunk of stream) usage = chunk.usage?.completion_tokens ?? usage;
    return usage;
  }

  async function messageTokens(user: string, max: number): Promise<number> {
    const stream = anthropic(user).messages.stream({ model: "claude", messages, max_tokens: max });
    return (await stream.finalMessage()).usage.output_tokens;
  }

  it("serves three users at once, by both SDKs, streaming and not, with right totals", async () => {
    const before = gateway.rows().length;
    const plain = (user: string, max: number) =>
      openai(user).chat.completions.create({
        model: "gpt-4o",
        messages,
        max_completion_tokens: max,
      });
    const asked = Array.from({ length: 4 }, (_, i) => [
      plain("alice", 5 + i).then(({ usage }) => usage?.completion_tokens ?? 0),
      streamedTokens("bob", 10 + i),
      messageTokens("carol", 20 + i),
      anthropic("carol")
        .messages.create({ model: "claude", messages, max_tokens: 3 + i })
        .then(({ usage }) => usage.output_tokens),
    ]).flat();
    const got = await Promise.all(asked);
    const rows = gateway.rows().slice(before);
    expect(rows).toHaveLength(16);
    expect(rows.every(({ state, status }) => state === "done" && status === 200)).toBe(true);
    const sum = (user: string): number =>
      rows.filter((row) => row.user === user).reduce((n, row) => n + (row.output_tokens ?? 0), 0);
    expect(sum("alice")).toBe(5 + 6 + 7 + 8);
    expect(sum("bob")).toBe(10 + 11 + 12 + 13);
    expect(sum("carol")).toBe(20 + 21 + 22 + 23 + 3 + 4 + 5 + 6);
    expect(got.reduce((n, one) => n + one, 0)).toBe(sum("alice") + sum("bob") + sum("carol"));
    expect(rows.every(({ input_tokens }) => (input_tokens ?? 0) > 10)).toBe(true);
    expect((await gateway.health()).line).toMatchObject({ active: 0, waiting: 0 });
  });

  it("never sends it more at once than there are slots", async () => {
    const metrics = await (await fetch(`${llama.url}/metrics`)).text();
    expect(metrics).toContain("llamacpp:requests_deferred 0");
  });

  it("meters a stream by llama.cpp's timings, which the client keeps", async () => {
    const response = await gateway.post("/v1/chat/completions", {
      messages,
      stream: true,
      max_tokens: 7,
    });
    const text = await response.text();
    expect(text).toContain('"timings":{');
    expect(text).not.toContain('"usage"');
    expect(gateway.rows().at(-1)).toMatchObject({ output_tokens: 7, usage_source: "timings" });
  });

  it("frees its slot within a second of a streaming client's leaving", async () => {
    const leaving = new AbortController();
    const response = await gateway.post(
      "/v1/chat/completions",
      { messages, stream: true },
      { signal: leaving.signal },
    );
    await response.body?.getReader().read();
    leaving.abort();
    const from = performance.now();
    await inLine(gateway, { active: 0 });
    await until(async () => {
      const slots = (await (await fetch(`${llama.url}/slots`)).json()) as Array<{
        is_processing: boolean;
      }>;
      return slots.every(({ is_processing }) => !is_processing);
    }, "llama-server is idle");
    expect(performance.now() - from).toBeLessThan(1_000);
    await until(() => gateway.rows().at(-1)?.state === "cancelled", "the row is closed");
  });

  it("does not fail when a kept connection has just died", async () => {
    for (let i = 0; i < 120; i++) {
      const response = await gateway.post("/v1/chat/completions", {
        messages,
        stream: i % 2 === 0,
        max_tokens: 1,
      });
      expect(response.status).toBe(200);
      await response.text();
    }
  });

  it("tells a prompt that is too long in the client's dialect", async () => {
    const long = [{ role: "user" as const, content: "word ".repeat(6_000) }];
    const failed = await openai("alice")
      .chat.completions.create({ model: "m", messages: long })
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(OpenAI.BadRequestError);
    expect(failed).toMatchObject({ status: 400, error: { n_ctx: 4096 } });
    const refused = await anthropic("alice")
      .messages.create({ model: "m", messages: long, max_tokens: 5 })
      .catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(Anthropic.BadRequestError);
    expect(refused).toMatchObject({ error: { error: { type: "invalid_request_error" } } });
  });
});
