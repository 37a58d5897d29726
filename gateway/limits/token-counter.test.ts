import { afterAll, describe, expect, it } from "vitest";
import type { DialectName } from "../dialects/all.ts";
import { processCpuMs } from "../test/support/loop-cpu.ts";
import { createTokenCounter } from "./token-counter.ts";

// Of time nothing is asked here but that it ends: two slow cores load a vocabulary in seconds.
const counter = createTokenCounter<null>({ timeoutMs: 25_000 });
afterAll(() => counter.close());

const count = async (model: string, body: unknown, dialect: DialectName = "chat") => {
  const bytes = Buffer.from(JSON.stringify(body));
  return await counter.count({ model, body: bytes, dialect, chars: 1, upstream: null });
};
const user = (content: unknown) => ({ messages: [{ role: "user", content }] });

/** The conversation of OpenAI's cookbook on counting tokens, and what its API said of it. */
const cookbook = {
  messages: [
    {
      role: "system",
      content:
        "You are a helpful, pattern-following assistant that translates corporate jargon into plain English.",
    },
    {
      role: "system",
      name: "example_user",
      content: "New synergies will help drive top-line growth.",
    },
    {
      role: "system",
      name: "example_assistant",
      content: "Things working well together will increase revenue.",
    },
    {
      role: "system",
      name: "example_user",
      content:
        "Let's circle back when we have more bandwidth to touch base on opportunities for increased leverage.",
    },
    {
      role: "system",
      name: "example_assistant",
      content: "Let's talk later when we're less busy about how to do better.",
    },
    {
      role: "user",
      content:
        "This late pivot means we don't have time to boil the ocean for the client deliverable.",
    },
  ],
};

describe("a prompt for a model of OpenAI's", () => {
  it.each([
    ["gpt-4-0613", 129],
    ["gpt-3.5-turbo", 129],
    ["gpt-4o", 124],
    ["gpt-4o-mini", 124],
    ["openai/gpt-4o", 124],
  ])("has for %s the %d tokens that OpenAI's API counts", async (model, tokens) => {
    expect(await count(model, cookbook)).toBe(tokens);
  });

  it("has its tools counted, not less than OpenAI counts them", async () => {
    const tool = {
      type: "function",
      function: {
        name: "get_current_weather",
        description: "Get the current weather in a given location",
        parameters: {
          type: "object",
          properties: {
            location: {
              type: "string",
              description: "The city and state, e.g. San Francisco, CA",
            },
            unit: {
              type: "string",
              description: "The unit of temperature to return",
              enum: ["celsius", "fahrenheit"],
            },
          },
          required: ["location"],
        },
      },
    };
    const messages = [
      {
        role: "system",
        content: "You are a helpful assistant that can answer to questions about the weather.",
      },
      { role: "user", content: "What's the weather like in San Francisco?" },
    ];
    const told = (await count("gpt-4o", { messages, tools: [tool] })) ?? 0;
    // The cookbook's true number is 101.
    expect(told).toBeGreaterThanOrEqual(101);
    expect(told).toBeLessThan(101 * 1.5);
  });

  it("counts the same words in every dialect", async () => {
    const text = "The quick brown fox jumps over the lazy dog. ".repeat(20).trim();
    const chat = (await count("gpt-4o", user(text))) ?? 0;
    expect(chat).toBe(200 + 7);
    expect(await count("gpt-4o", user([{ type: "text", text }]))).toBe(chat);
    expect(await count("gpt-4o", { max_tokens: 9, ...user(text) }, "messages")).toBe(chat);
    expect(await count("gpt-4o", { input: text }, "responses")).toBe(chat);
    const parts = { contents: [{ role: "user", parts: [{ text }] }] };
    expect(await count("gpt-4o", parts, "gemini")).toBe(chat);
    expect(await count("gpt-4o", { prompt: text }, "completions")).toBe(chat - 7);
    expect(await count("text-embedding-3-small", { input: text }, "embeddings")).toBe(chat - 7);
    expect(await count("gpt-4o", { prompt: [1, 2, 3] }, "completions")).toBe(3);
  });

  it("has calls of tools and what came of them, pictures without their bytes", async () => {
    const call = { id: "1", type: "function", function: { name: "f", arguments: '{"a":"word"}' } };
    const result = { role: "tool", tool_call_id: "1", content: "one two three" };
    const messages = [{ role: "assistant", content: null, tool_calls: [call] }, result];
    expect(await count("gpt-4o", { messages })).toBeGreaterThan(3 + 4 + 4 + 3 + 4);
    const url = `data:image/png;base64,${"A".repeat(100_000)}`;
    const picture = (detail: string) => [{ type: "image_url", image_url: { url, detail } }];
    expect(await count("gpt-4o", user(picture("low")))).toBe(7 + 85);
    expect(await count("gpt-4o", user(picture("high")))).toBe(7 + 1_445);
  });

  it.each([
    ["one letter", "a".repeat(400_000)],
    ["Chinese without a space", "你好世界今天天气很好我们去公园散步".repeat(10_000)],
    ["spaces", " ".repeat(400_000)],
    ["halves of characters", "\ud83d".repeat(100_000)],
    ["nests", JSON.stringify(Array.from({ length: 500 }, () => ["{[", "]}"])).repeat(20)],
  ])("made of %s takes no long time", async (_what, text) => {
    const from = processCpuMs();
    expect(await count("gpt-4o", user(text))).toBeGreaterThan(0);
    expect(processCpuMs() - from).toBeLessThan(10_000);
  });

  it("that is long is counted in part, whichever half is the denser, to a few percent", async () => {
    const words = "Prompts are often made of ordinary words and of code. ".repeat(6_000);
    const code = 'if (a[0] != b->x) { return {"k": [1,2,3]}; }\n'.repeat(6_000);
    const each = [
      (await count("gpt-4o", user(words))) ?? 0,
      (await count("gpt-4o", user(code))) ?? 0,
    ];
    const both = (each[0] ?? 0) + (each[1] ?? 0);
    for (const text of [words + code, code + words]) {
      const told = (await count("gpt-4o", user(text))) ?? 0;
      expect(Math.abs(told / both - 1)).toBeLessThan(0.05);
    }
    expect(each[0]).toBeGreaterThan(71_000);
    expect(each[0]).toBeLessThan(73_000);
  });

  it("that says <|endoftext|> is text like any other", async () => {
    expect(await count("gpt-4o", user("<|endoftext|>"))).toBeGreaterThan(8);
  });
});

describe("what no tokenizer is known for", () => {
  it("is not counted, and costs no thread", () => {
    const idle = createTokenCounter<null>();
    const ask = { body: Buffer.from("{}"), dialect: "chat", upstream: null } as const;
    for (const model of [null, "", "mock", "llama-3", "o1abc", "claude-3", "models/gpt.gguf"]) {
      expect(idle.count({ ...ask, model, chars: 5 })).toBeNull();
    }
    expect(idle.count({ ...ask, model: "gpt-4o", chars: 0 })).toBeNull();
    const large = { ...ask, body: Buffer.alloc(5 * 1024 * 1024) };
    expect(idle.count({ ...large, model: "gpt-4o", chars: 5 })).toBeNull();
  });

  it("asks the upstream where it can tell, whatever the model is called, and takes its silence", async () => {
    const told = createTokenCounter<number | null>({
      byUpstream: ({ upstream }) => {
        if (upstream === null) return null;
        return upstream > 0 ? Promise.resolve(upstream) : Promise.reject(new Error("away"));
      },
    });
    const ask = { model: "gpt-4o", body: Buffer.from("{}"), dialect: "chat", chars: 5 } as const;
    expect(await told.count({ ...ask, upstream: 77 })).toBe(77);
    expect(await told.count({ ...ask, upstream: 0 })).toBeNull();
    expect(told.count({ ...ask, model: "other", upstream: null })).toBeNull();
  });
});

describe("a thread that does not answer in time", () => {
  it("is not waited for, and holds nobody after", async () => {
    const hasty = createTokenCounter<null>({ timeoutMs: 1 });
    const body = Buffer.from(JSON.stringify(user("hello")));
    const ask = { model: "gpt-4o", body, dialect: "chat", chars: 5, upstream: null } as const;
    const all = Array.from({ length: 88 }, () => hasty.count(ask));
    expect(all.filter((one) => one === null)).toHaveLength(24);
    expect(await Promise.all(all)).toEqual(Array(88).fill(null));
    await hasty.close();
  });

  it("nor one that is ended, or cannot read what it gets", async () => {
    const ended = createTokenCounter<null>({ timeoutMs: 20_000 });
    const ask = { model: "gpt-4", dialect: "chat", chars: 5, upstream: null } as const;
    expect(await ended.count({ ...ask, body: Buffer.from("{") })).toBeNull();
    const waiting = ended.count({ ...ask, body: Buffer.from(JSON.stringify(user("hello"))) });
    await ended.close();
    expect([8, null]).toContain(await waiting);
    expect(await ended.count({ ...ask, body: Buffer.from(JSON.stringify(user("hi"))) })).toBe(8);
    await ended.close();
  });

  it("ends when nothing has been asked of it for long, and starts again", async () => {
    const rare = createTokenCounter<null>({ timeoutMs: 20_000, idleMs: 50 });
    const body = Buffer.from(JSON.stringify(user("hello")));
    const ask = { model: "gpt-4", body, dialect: "chat", chars: 5, upstream: null } as const;
    for (let i = 0; i < 2; i++) {
      // The thread may be ended before it has loaded all: then nothing is told, and soon.
      const tokens = await rare.count(ask);
      expect([8, null]).toContain(tokens);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await rare.close();
  });
});
