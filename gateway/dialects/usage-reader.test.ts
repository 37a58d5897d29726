import { describe, expect, it } from "vitest";
import { recorded, recordedEvents } from "../test/fixtures/recorded.ts";
import { threadCpuMs } from "../test/support/loop-cpu.ts";
import { type DialectName, dialects } from "./all.ts";
import { sse } from "./sse/sse-framing.ts";
import { commonUsage } from "./usage.ts";
import { createUsageReader, type UsageReader } from "./usage-reader.ts";

function afterEvents(
  events: readonly string[],
  prompts = 1,
  dialect: DialectName = "chat",
): UsageReader {
  const reader = createUsageReader(commonUsage, prompts);
  for (const event of events)
    if (dialects[dialect].events.carriesUsage(event)) reader.readEvent(sse.events.dataOf(event));
  return reader;
}

function afterAnswer(answer: unknown): UsageReader {
  const reader = createUsageReader(commonUsage);
  reader.readAnswer(Buffer.from(JSON.stringify(answer)));
  return reader;
}

function usage(input: number | null, output: number | null, cached: number | null) {
  return { input, output, cached, reasoning: null, source: "reported" };
}

describe("a recorded answer of llama-server", () => {
  it.each([
    ["chat", 26, 5, 0],
    ["completions", 6, 5, 2],
    ["messages", 26, 5, 25],
    ["responses", 26, 5, 25],
  ])("%s is read", (name, input, output, cached) => {
    const reader = createUsageReader(commonUsage);
    reader.readAnswer(recorded(name).body);
    expect(reader.finished()).toEqual(usage(input, output, cached));
  });

  it("gives llama.cpp's timings too", () => {
    const reader = createUsageReader(commonUsage);
    reader.readAnswer(recorded("chat").body);
    expect(reader.timings()).toEqual({
      cachedTokens: 0,
      promptTokens: 26,
      promptMs: 0.735,
      outputTokens: 5,
      outputMs: 0.47,
    });
  });
});

describe("a recorded stream of llama-server", () => {
  it.each([
    ["chat-stream-usage", 26, 5, 25],
    ["completions-stream", 6, 5, 5],
    ["messages-stream", 26, 5, 25],
    ["responses-stream", 26, 5, 25],
  ])("%s is read", (name, input, output, cached) => {
    expect(afterEvents(recordedEvents(name)).finished()).toEqual(usage(input, output, cached));
  });

  it.each([
    ["chat-stream", 26, 5, 25],
    ["chat-stream-progress", 75, 3, 9],
    ["completion-native-stream", 4, 2, 1],
  ])("%s, without usage, is read from its timings", (name, input, output, cached) => {
    const reader = afterEvents(recordedEvents(name));
    expect(reader.finished()).toEqual({ ...usage(input, output, cached), source: "timings" });
    expect(reader.timings()).toMatchObject({ outputTokens: output });
  });

  it("with two choices has the outputs of both and the prompt once", () => {
    const both = afterEvents(recordedEvents("chat-stream-n2-usage")).finished();
    expect(both).toMatchObject({ input: 30, output: 8, source: "reported" });
    for (const name of ["chat-stream-n2", "chat-stream-n2-timings-per-token"]) {
      const timed = afterEvents(recordedEvents(name)).finished();
      expect(timed).toMatchObject({ input: 30, output: 8, source: "timings" });
    }
  });

  it("with two prompts has both prompts and both outputs", () => {
    const events = recordedEvents("completions-stream-two-prompts");
    expect(afterEvents(events, 2).finished()).toMatchObject({ input: 21, output: 8 });
  });

  it("cut in the middle has the tokens that were seen, marked as estimated", () => {
    const events = recordedEvents("messages-stream").slice(0, 4);
    expect(afterEvents(events).cut(2)).toEqual({ ...usage(26, 2, 25), source: "estimated" });
    const chat = recordedEvents("chat-stream").slice(0, 3);
    expect(afterEvents(chat).cut(2)).toEqual({
      ...usage(null, 2, null),
      source: "estimated",
    });
    const timed = recordedEvents("chat-stream-progress").slice(0, 5);
    expect(afterEvents(timed).cut(1)).toMatchObject({ input: 75, output: 2 });
  });
});

describe("usage of other servers", () => {
  it("of OpenAI has reasoning and cached tokens", () => {
    const given = {
      prompt_tokens: 100,
      completion_tokens: 50,
      total_tokens: 150,
      prompt_tokens_details: { cached_tokens: 80, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 30 },
    };
    const expected = { ...usage(100, 50, 80), reasoning: 30 };
    expect(afterAnswer({ id: "x", usage: given }).finished()).toEqual(expected);
    const chunk = `data: {"choices":[],"usage":${JSON.stringify(given)}}\n\n`;
    expect(afterEvents([chunk]).finished()).toEqual(expected);
  });

  it("of OpenAI's Responses counts the cache inside the input", () => {
    const given = {
      input_tokens: 100,
      input_tokens_details: { cached_tokens: 80 },
      output_tokens: 50,
      output_tokens_details: { reasoning_tokens: 30 },
      total_tokens: 150,
    };
    const events = ["created", "completed"].map((name) => {
      const response = { id: "r", usage: name === "created" ? null : given };
      const data = JSON.stringify({ type: `response.${name}`, response });
      return `event: response.${name}\ndata: ${data}\n\n`;
    });
    expect(afterEvents(events).finished()).toEqual({ ...usage(100, 50, 80), reasoning: 30 });
  });

  it("of Anthropic counts the cache outside the input, and the last output counts", () => {
    const start = {
      input_tokens: 10,
      cache_creation_input_tokens: 20,
      cache_read_input_tokens: 70,
      output_tokens: 1,
    };
    const events = [
      { type: "message_start", message: { usage: start } },
      { type: "message_delta", delta: {}, usage: { output_tokens: 7 } },
      { type: "message_delta", delta: {}, usage: { output_tokens: 12, input_tokens: null } },
    ].map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
    expect(afterEvents(events).finished()).toEqual(usage(100, 12, 70));
  });

  it("on every chunk, as vLLM's continuous usage, is not added up", () => {
    const chunks = [1, 2, 3].map(
      (n) =>
        `data: {"choices": [{"index": 0}], "usage": {"prompt_tokens": 9, "completion_tokens": ${n}}}\n\n`,
    );
    expect(afterEvents(chunks).finished()).toMatchObject({ input: 9, output: 3 });
    const last = 'data: {"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 4}}\n\n';
    expect(afterEvents([...chunks, last, last]).finished()).toMatchObject({ output: 4 });
  });

  it("of embeddings and rerankers has no output", () => {
    const embeddings = { data: [], usage: { prompt_tokens: 8, total_tokens: 8 } };
    expect(afterAnswer(embeddings).finished()).toEqual(usage(8, 0, null));
    expect(afterAnswer({ usage: { total_tokens: 8 } }).finished()).toEqual(usage(8, 0, null));
  });

  it("of Gemini adds thoughts to the output", () => {
    const usageMetadata = {
      promptTokenCount: 9,
      cachedContentTokenCount: 4,
      candidatesTokenCount: 5,
      thoughtsTokenCount: 2,
    };
    const expected = { ...usage(9, 7, 4), reasoning: 2 };
    expect(afterAnswer({ usageMetadata }).finished()).toEqual(expected);
    const event = `data: ${JSON.stringify({ candidates: [], usageMetadata })}\n\n`;
    expect(afterEvents([event], 1, "gemini").finished()).toEqual(expected);
  });
});

describe("numbers that cannot be", () => {
  it.each([-1, 1.5, 1e12, "5", null, true, {}, []])("%j is unknown", (bad) => {
    const given = { prompt_tokens: bad, completion_tokens: 3 };
    expect(afterAnswer({ usage: given }).finished()).toEqual(usage(null, 3, null));
  });

  it("1e400 and broken JSON are unknown, and nothing throws", () => {
    const reader = createUsageReader(commonUsage);
    reader.readAnswer(Buffer.from('{"usage":{"prompt_tokens":1e400,"completion_tokens":2}}'));
    expect(reader.finished()).toEqual(usage(null, 2, null));
    const other = createUsageReader(commonUsage);
    for (const bad of ["", "[1]", "{", '{"usage":', '{"usage":7,"timings":[]}', '{"usage":{x}}']) {
      other.readAnswer(Buffer.from(bad));
      other.readEvent(sse.events.dataOf(`data: ${bad}\n\n`));
    }
    other.readEvent(sse.events.dataOf('data: {"choices":[null],"usage":{}}\n\n'));
    other.readEvent(sse.events.dataOf('data: {"choices":7,"message":5,"response":null}\n\n'));
    expect(other.finished()).toMatchObject({ input: null, output: null });
  });

  it("an answer without usage has none, not zero", () => {
    expect(afterAnswer({ data: [] }).finished()).toEqual({
      ...usage(null, null, null),
      source: null,
    });
  });
});

describe("an upstream that tells usage without end", () => {
  const counts = { prompt_tokens: 1, completion_tokens: 1 };

  it("for ever more choices takes neither all memory nor quadratic time, and nothing throws", () => {
    const reader = createUsageReader(commonUsage);
    const from = threadCpuMs();
    for (let index = 0; index < 150_000; index++) {
      const told = { choices: [{ index, delta: {} }], usage: counts };
      reader.readEvent(sse.events.dataOf(`data: ${JSON.stringify(told)}\n\n`));
    }
    expect(reader.finished()).toMatchObject({ input: 1, source: "reported" });
    // Each was once looked for among all others: half a minute, and more than a call may have.
    expect(threadCpuMs() - from).toBeLessThan(8_000);
  });

  it("with ever more fields is not copied with each event", () => {
    const reader = createUsageReader(commonUsage);
    const fields = Array.from({ length: 100_000 }, (_, index) => [`k${index}`, 1]);
    const from = threadCpuMs();
    reader.readEvent(
      sse.events.dataOf(`data: ${JSON.stringify({ usage: Object.fromEntries(fields) })}\n\n`),
    );
    for (let event = 0; event < 300; event++) {
      reader.readEvent(sse.events.dataOf(`data: ${JSON.stringify({ usage: counts })}\n\n`));
    }
    expect(reader.finished()).toMatchObject({ input: 1, output: 1 });
    expect(threadCpuMs() - from).toBeLessThan(5_000);
  });
});
