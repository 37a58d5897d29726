import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/harness.ts";
import {
  type LlamaServer,
  llamaScript,
  startLlamaServer,
  whyNoLlama,
} from "./support/llama-server.ts";
import { politeChat } from "./support/mock-upstream.ts";

if (llamaScript === null) console.warn(`assembled: ${whyNoLlama}`);

type Answer = Record<string, unknown> & { usage: Record<string, number> };

const fixed = { seed: 1, temperature: 0, cache_prompt: false, max_tokens: 12 };
const chat = { ...fixed, messages: [{ role: "user", content: "hello" }] };
const text = { ...fixed, prompt: "hello" };
const city = {
  type: "object",
  properties: { on: { type: "boolean" }, where: { enum: ["Łódź", 'a\n"b"'] } },
  required: ["on", "where"],
  additionalProperties: false,
};

/** What differs from run to run: when, how fast, and the id, which is ours here. */
function lasting(answer: Answer): unknown {
  const { created: _created, id: _id, timings, ...rest } = answer;
  const { cache_n, prompt_n, predicted_n } = (timings ?? {}) as Record<string, number>;
  return { ...rest, timings: { cache_n, prompt_n, predicted_n } };
}

describe.runIf(llamaScript !== null)("an answer put together from a llama-server's stream", () => {
  let llama: LlamaServer;
  let gateway: TestGateway;

  beforeAll(async () => {
    llama = await startLlamaServer(llamaScript ?? "", { NP: "2" });
    gateway = await startTestGateway(politeChat, {
      UPSTREAM_URL: llama.url,
      UPSTREAM_TYPE: "llamacpp",
      MAX_CONCURRENT: "2",
    });
  });
  afterAll(async () => {
    await gateway.stop();
    llama.stop();
  });

  async function both(path: string, body: object): Promise<[Answer, Answer]> {
    const direct = await fetch(llama.url + path, { method: "POST", body: JSON.stringify(body) });
    const ours = await gateway.post(path, body);
    expect(ours.headers.get("content-type")).toContain("application/json");
    expect(ours.headers.get("content-length")).not.toBeNull();
    expect(ours.headers.get("x-accel-buffering")).toBeNull();
    const answer = (await ours.json()) as Answer;
    expect(answer.id).toBe(ours.headers.get("x-request-id"));
    return [(await direct.json()) as Answer, answer];
  }

  it.each<[string, string, object]>([
    ["a chat", "/v1/chat/completions", chat],
    [
      "a chat with log probabilities",
      "/v1/chat/completions",
      { ...chat, logprobs: true, top_logprobs: 3 },
    ],
    ["a chat that ends at a stop word", "/v1/chat/completions", { ...chat, stop: ["t"] }],
    [
      "a chat whose words end before its stop word",
      "/v1/chat/completions",
      { ...chat, stop: ["t the", "zz"] },
    ],
    ["a chat of one token", "/v1/chat/completions", { ...chat, max_tokens: 1 }],
    ["a chat that says nothing", "/v1/chat/completions", { ...chat, grammar: 'root ::= ""' }],
    [
      "a chat by a schema",
      "/v1/chat/completions",
      {
        ...chat,
        max_tokens: 200,
        response_format: { type: "json_schema", json_schema: { schema: city } },
      },
    ],
    [
      "a chat beyond ASCII",
      "/v1/chat/completions",
      { ...chat, max_tokens: 90, grammar: 'root ::= "zażółć 🦙\\u2028"' },
    ],
    [
      "a chat with measures for each token",
      "/v1/chat/completions",
      { ...chat, timings_per_token: true },
    ],
    ["a chat with progress", "/v1/chat/completions", { ...chat, return_progress: true }],
    [
      "a chat with odd options",
      "/v1/chat/completions",
      { ...chat, stream: null, stream_options: null },
    ],
    ["a text", "/v1/completions", text],
    ["a text with log probabilities", "/v1/completions", { ...text, logprobs: 2 }],
    ["a text that ends at a stop word", "/v1/completions", { ...text, stop: ["s"] }],
    ["a text that says nothing", "/v1/completions", { ...text, grammar: 'root ::= ""' }],
  ])("equals in value what it answers without streaming: %s", async (_what, path, body) => {
    const [direct, ours] = await both(path, body);
    expect(lasting(ours)).toEqual(lasting(direct));
    expect(Object.keys(ours).sort()).toEqual(Object.keys(direct).sort());
    expect(gateway.rows().at(-1)).toMatchObject({
      state: "done",
      streamed: 0,
      input_tokens: direct.usage.prompt_tokens,
      output_tokens: direct.usage.completion_tokens,
      usage_source: "reported",
    });
  });

  it.each<[string, string, object, number]>([
    ["chat", "/v1/chat/completions", { ...chat, n: 2 }, 1],
    ["text", "/v1/completions", { ...text, n: 2 }, 1],
    ["texts to two prompts", "/v1/completions", { ...text, prompt: ["hello", "hello"] }, 2],
  ])("has every choice, and counts them all: %s", async (_what, path, body, prompts) => {
    const [direct, ours] = await both(path, body);
    expect(ours.choices).toEqual(direct.choices);
    expect(ours.choices).toHaveLength(2);
    // Its own answer counts one choice only.
    expect(ours.usage).toEqual({
      ...direct.usage,
      completion_tokens: 24,
      prompt_tokens: prompts * (direct.usage.prompt_tokens ?? 0),
      total_tokens: 24 + prompts * (direct.usage.prompt_tokens ?? 0),
    });
    expect(gateway.rows().at(-1)).toMatchObject({
      input_tokens: ours.usage.prompt_tokens,
      output_tokens: 24,
    });
  });

  it("is the same error, with its status, where the server refuses", async () => {
    const long = { ...chat, messages: [{ role: "user", content: "word ".repeat(6_000) }] };
    const refused = await gateway.post("/v1/chat/completions", long);
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ error: { n_ctx: 2048 } });
    const many = await gateway.post("/v1/chat/completions", { ...chat, n: 9 });
    expect(many.status).toBe(400);
  });
});
