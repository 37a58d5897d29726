import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { DialectName } from "../dialects/all.ts";
import {
  type LlamaServer,
  llamaScript,
  startLlamaServer,
  whyNoLlama,
} from "../test/support/llama-server.ts";
import {
  type Handler,
  type MockUpstream,
  startMockUpstream,
} from "../test/support/mock-upstream.ts";
import { createTokenize, type TokenizeOptions } from "./tokenize.ts";
import { openUpstream, type ServerType, type Upstream } from "./upstream.ts";

const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

function open(url: string, type: ServerType = "llamacpp"): Upstream {
  const upstream = openUpstream({ url, key: "sk-upstream", type, connectTimeoutMs: 1_000 });
  stops.push(() => upstream.connections.close());
  return upstream;
}

const chat = (fields: object = {}) => ({
  messages: [{ role: "user", content: "hello" }],
  ...fields,
});
/** Patient, as slow machines need it. */
const patient = { timeoutMs: 20_000 };
const asking =
  (upstream: Upstream, options: TokenizeOptions = patient, count = createTokenize(options)) =>
  (body: unknown, dialect: DialectName = "chat", model: string | null = null) =>
    count({ upstream, model, dialect, body: Buffer.from(JSON.stringify(body)) });

async function mock(handler: Handler): Promise<MockUpstream> {
  const upstream = await startMockUpstream(handler);
  stops.push(() => upstream.close());
  return upstream;
}
const json =
  (value: unknown): Handler =>
  (_seen, response) =>
    void response.end(JSON.stringify(value));

describe("how many tokens a prompt has", () => {
  it("is asked of llama.cpp with the request as it came, by its own name for the model", async () => {
    const server = await mock(json({ input_tokens: 52 }));
    const ask = asking(open(server.url));
    expect(await ask(chat({ model: "theirs" }), "chat", "ours")).toBe(52);
    expect(await ask(chat(), "messages")).toBe(52);
    expect(await ask({ input: "hello" }, "responses")).toBe(52);
    expect(server.seen.map(({ url }) => url)).toEqual([
      "/v1/chat/completions/input_tokens?autoload=false",
      "/v1/messages/count_tokens?autoload=false",
      "/v1/responses/input_tokens?autoload=false",
    ]);
    expect(server.seen[0]?.body.toString()).toBe(
      '{"messages":[{"role":"user","content":"hello"}],"model":"ours"}',
    );
    expect(server.seen[0]?.headers.authorization).toBe("Bearer sk-upstream");
  });

  it("is counted from its text where the server is older, and it is asked so only once", async () => {
    const server = await mock((seen, response) => {
      const { content } = JSON.parse(seen.body.toString());
      if (seen.url.startsWith("/apply-template")) response.end('{"prompt":"<|user|>hello"}');
      else if (seen.url.startsWith("/tokenize"))
        response.end(JSON.stringify({ tokens: Array(content.length).fill(1) }));
      else response.writeHead(404).end('{"error":{"message":"File Not Found"}}');
    });
    const ask = asking(open(server.url));
    expect(await ask(chat())).toBe(13);
    expect(await ask(chat())).toBe(13);
    expect(await ask({ prompt: "one" }, "completions")).toBe(3);
    expect(await ask({ input: ["four"] }, "embeddings")).toBe(4);
    expect(await ask({ prompt: ["one", "two"] }, "completions")).toBeNull();
    expect(server.seen.map(({ url }) => url.split("?")[0])).toEqual([
      "/v1/chat/completions/input_tokens",
      ...["/apply-template", "/tokenize", "/apply-template", "/tokenize"],
      ...["/tokenize", "/tokenize"],
    ]);
  });

  it("is asked of vLLM in its words", async () => {
    const server = await mock(json({ count: 31, max_model_len: 4096, tokens: [] }));
    const ask = asking(open(server.url, "vllm"));
    const tools = [{ type: "function", function: { name: "f" } }];
    expect(await ask(chat({ model: "m", tools, temperature: 1 }), "chat", "served")).toBe(31);
    expect(await ask({ model: "m", prompt: "hello" }, "completions")).toBe(31);
    expect(await ask({ input: "hello" }, "responses")).toBeNull();
    expect(server.seen.map(({ url, body }) => [url, JSON.parse(body.toString())])).toEqual([
      ["/tokenize", { model: "served", ...chat(), tools }],
      ["/tokenize", { model: "m", prompt: "hello" }],
    ]);
  });

  it("is asked of vLLM again after somebody named a model that it has not", async () => {
    const unknown = { message: "The model `x` does not exist.", type: "NotFoundError", code: 404 };
    const server = await mock((seen, response) => {
      const isKnown = seen.body.includes('"m"');
      response.statusCode = isKnown ? 200 : 404;
      response.end(JSON.stringify(isKnown ? { count: 31 } : { error: unknown }));
    });
    const ask = asking(open(server.url, "vllm"));
    expect(await ask(chat({ model: "x" }))).toBeNull();
    expect(await ask(chat({ model: "m" }))).toBe(31);
  });

  it("is not asked of an upstream that cannot count, is down, or would be sent too much", async () => {
    const server = await mock(json({ input_tokens: 1 }));
    for (const type of ["auto", "openai", "ollama", "anthropic", "google"] as const) {
      expect(asking(open(server.url, type))(chat())).toBeNull();
    }
    const down = open(server.url);
    expect(asking(down, { ...patient, usable: () => false })(chat())).toBeNull();
    expect(asking(open(server.url))(chat({ x: "a".repeat(600_000) }))).toBeNull();
    expect(server.seen).toHaveLength(0);
  });

  it("of an upstream that hangs is not waited for, and it is left in peace then", async () => {
    const troubles: string[] = [];
    const server = await mock(() => {});
    const options = {
      timeoutMs: 50,
      restMs: 60_000,
      onTrouble: (message: string) => void troubles.push(message),
    };
    const ask = asking(open(server.url), options);
    expect(await ask(chat())).toBeNull();
    expect(ask(chat())).toBeNull();
    expect(server.seen).toHaveLength(1);
    await server.seen[0]?.closed;
    expect(troubles).toEqual([`${server.url} did not count the tokens of a prompt in time`]);
  });

  it("is asked four times at once, and of the next when one was told", async () => {
    const held: (() => void)[] = [];
    let answered = 0;
    const server = await mock((_seen, response) => {
      held.push(() => response.end(`{"input_tokens":${++answered}}`));
    });
    const ask = asking(open(server.url));
    const all = Array.from({ length: 140 }, () => ask(chat()));
    expect(all.filter((one) => one === null)).toHaveLength(140 - 128);
    for (let told = 0; told < 128; told++) {
      await expect
        .poll(() => held.length, { timeout: 10_000, interval: 1 })
        .toBe(Math.min(4, 128 - told));
      held.shift()?.();
    }
    expect((await Promise.all(all)).filter((one) => one !== null)).toHaveLength(128);
    expect(server.peak()).toBe(4);
  });

  it("is not waited for longer than its time, in whichever place", async () => {
    const server = await mock(() => {});
    const ask = asking(open(server.url), { timeoutMs: 100 });
    const all = Array.from({ length: 20 }, () => ask(chat()));
    expect(await Promise.all(all)).toEqual(Array(20).fill(null));
    expect(server.seen.length).toBeLessThanOrEqual(4);
  });

  it.each([
    ["is none", '{"input_tokens":"52"}', 200],
    ["is negative", '{"input_tokens":-1}', 200],
    ["is no JSON", "<html>", 200],
    ["is a refusal", '{"error":{"message":"too long"}}', 400],
    ["is that the key is wrong", "{}", 401],
    ["is that it loads", '{"error":{"message":"Loading model"}}', 503],
    ["never ends", `"${"a".repeat(5_000_000)}"`, 200],
  ])("is not known where the answer %s", async (_what, body, status) => {
    const server = await mock((_seen, response) => void response.writeHead(status).end(body));
    expect(await asking(open(server.url))(chat())).toBeNull();
  });

  it("is not known where nothing listens", async () => {
    expect(await asking(open("http://127.0.0.1:9"))(chat())).toBeNull();
  });
});

if (llamaScript === null) console.warn(`tokenize: ${whyNoLlama}`);

describe.runIf(llamaScript !== null)("what a real llama-server says", () => {
  let llama: LlamaServer;
  beforeAll(async () => {
    llama = await startLlamaServer(llamaScript ?? "");
  });
  afterAll(() => llama.stop());
  const post = async (path: string, body: unknown) => {
    const answer = await fetch(llama.url + path, { method: "POST", body: JSON.stringify(body) });
    return (await answer.json()) as {
      usage: Record<string, number>;
    };
  };
  const long = "Prompts are often made of ordinary words; äöü 你好. ".repeat(20);

  it("is what its usage says afterwards, in every dialect", async () => {
    const ask = asking(open(llama.url));
    const messages = [
      { role: "system", content: "You are kind." },
      { role: "user", content: [{ type: "text", text: long }] },
    ];
    const chatted = await post("/v1/chat/completions", { messages, max_tokens: 1 });
    expect(await ask({ messages, max_tokens: 1, stream: true })).toBe(chatted.usage.prompt_tokens);
    const completed = await post("/v1/completions", { prompt: long, max_tokens: 1 });
    expect(await ask({ prompt: long }, "completions")).toBe(completed.usage.prompt_tokens);
    const own = { max_tokens: 1, messages: [{ role: "user", content: long }] };
    const { usage } = await post("/v1/messages", own);
    const told = usage.input_tokens! + (usage.cache_read_input_tokens ?? 0);
    expect(await ask(own, "messages")).toBe(told);
    const responded = await post("/v1/responses", { input: long, max_output_tokens: 1 });
    expect(await ask({ input: long }, "responses")).toBe(responded.usage.input_tokens);
  });

  it("is the same by way of the text, as older servers are asked", async () => {
    const front = await mock(async (seen, response) => {
      if (seen.url.includes("input_tokens")) response.writeHead(404).end("{}");
      else {
        const init = { method: "POST", body: new Uint8Array(seen.body) };
        response.end(await (await fetch(llama.url + seen.url, init)).text());
      }
    });
    const body = { messages: [{ role: "user", content: long }] };
    const direct = await asking(open(llama.url))(body);
    expect(direct).toBeGreaterThan(100);
    expect(await asking(open(front.url))(body)).toBe(direct);
  });

  it("comes while it generates, with more in line than it has slots", async () => {
    const leaving = new AbortController();
    const body = JSON.stringify(chat({ max_tokens: 3_500, stream: true }));
    const running = Array.from({ length: 3 }, () =>
      fetch(`${llama.url}/v1/chat/completions`, {
        method: "POST",
        body,
        signal: leaving.signal,
      }).catch(() => null),
    );
    const ask = asking(open(llama.url));
    expect(await ask(chat())).toBe(26);
    leaving.abort();
    await Promise.all(running);
  });

  it("is asked of a router without loading a model for it", async () => {
    const models = mkdtempSync(join(tmpdir(), "llama-models-"));
    stops.push(async () => rmSync(models, { recursive: true }));
    const from = join(dirname(llamaScript ?? ""), "models/tiny.gguf");
    for (const name of ["one.gguf", "two.gguf"]) cpSync(from, join(models, name));
    const flags = ["--models-dir", models, "--models-max", "1"];
    const router = await startLlamaServer(llamaScript ?? "", { NOMODEL: "1" }, flags);
    stops.push(async () => router.stop());
    const ask = asking(open(router.url));
    expect(await ask(chat({ model: "x" }), "chat", "one")).toBeNull();
    await fetch(`${router.url}/v1/chat/completions`, {
      method: "POST",
      body: JSON.stringify(chat({ model: "one", max_tokens: 1 })),
    });
    expect(await ask(chat({ model: "x" }), "chat", "two")).toBeNull();
    expect(await ask(chat({ model: "x" }), "chat", "one")).toBe(26);
  });
});
