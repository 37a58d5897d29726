import { describe, expect, it } from "vitest";
import { assembleChat, assembleCompletion } from "../dialects/openai-chat/assembly.ts";
import { chat } from "../dialects/openai-chat/chat.ts";
import { sse } from "../dialects/sse/sse-framing.ts";
import { GatewayError } from "../errors.ts";
import { recorded, recordedEvents } from "../test/fixtures/recorded.ts";
import { createAssembleShaper } from "./assemble-shaper.ts";

const { events: framing } = sse;
const { events } = chat;

type Answer = Record<string, unknown>;

function assembled(pieces: string[], assembly = assembleChat()): Answer {
  const texts: string[] = [];
  const watch = (event: string) => void texts.push(events.generated(event));
  const watchText = (text: string) => void texts.push(text);
  const seen = { watch, watchText };
  const shaper = createAssembleShaper({
    framing,
    events,
    assembly,
    choices: 1,
    id: "r-1",
    ...seen,
  });
  for (const event of pieces) expect(shaper.push(Buffer.from(event))).toBeNull();
  const answer = JSON.parse(shaper.finish()?.toString() ?? "null") as Answer;
  const said = pieces.map((event) => events.generated(Buffer.from(event).toString("latin1")));
  expect(texts.join("")).toBe(said.join(""));
  return answer;
}

const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const done = "data: [DONE]\n\n";
const chunk = (delta: object, more: object = {}, top: object = {}): string =>
  data({
    id: "up",
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, ...more }],
    ...top,
  });
const call = (index: number, more: object): object => ({ tool_calls: [{ index, ...more }] });
const first = (answer: Answer): Answer => (answer.choices as Answer[])[0] ?? {};

describe("a chat put together from its chunks", () => {
  it("equals a recorded answer in shape, and has what the recorded stream said", () => {
    const answer = assembled(recordedEvents("chat-stream-usage"));
    const whole = JSON.parse(recorded("chat").body.toString()) as Answer;
    expect(Object.keys(answer).sort()).toEqual(Object.keys(whole).sort());
    expect(Object.keys(first(answer)).sort()).toEqual(Object.keys(first(whole)).sort());
    expect(answer).toMatchObject({ id: "r-1", object: "chat.completion", model: whole.model });
  });

  it("has its usage from the timings where the stream tells none", () => {
    const answer = assembled(recordedEvents("chat-stream"));
    const timings = answer.timings as Record<string, number>;
    const input = (timings.cache_n ?? 0) + (timings.prompt_n ?? 0);
    expect(answer.usage).toEqual({
      completion_tokens: timings.predicted_n,
      prompt_tokens: input,
      total_tokens: input + (timings.predicted_n ?? 0),
      prompt_tokens_details: { cached_tokens: timings.cache_n },
    });
  });

  it("joins reasoning, content and refusal, each by itself", () => {
    const answer = assembled([
      chunk({ role: "assistant", content: null }),
      chunk({ reasoning_content: "hm" }),
      chunk({ reasoning_content: "m" }),
      chunk({ content: "a" }),
      chunk({ content: "b", refusal: null }),
      chunk({ refusal: "no" }),
      chunk({ refusal: "pe" }),
      chunk({}, { finish_reason: "stop" }),
      done,
    ]);
    expect(first(answer)).toEqual({
      index: 0,
      finish_reason: "stop",
      message: { role: "assistant", content: "ab", reasoning_content: "hmm", refusal: "nope" },
    });
  });

  it("joins the arguments of each tool call by its index", () => {
    const answer = assembled([
      chunk({ role: "assistant", content: null }),
      chunk(call(0, { id: "a", type: "function", function: { name: "li", arguments: "" } })),
      // llama.cpp says the name again, whole, once it knows more of it.
      chunk(call(0, { id: "a", function: { name: "light", arguments: '{"on"' } })),
      chunk(call(1, { id: "b", type: "function", function: { name: "dark", arguments: "{" } })),
      // Others repeat it empty.
      chunk(call(0, { id: "", function: { name: "", arguments: ":true}" } })),
      chunk(call(1, { function: { arguments: "}" } })),
      chunk({}, { finish_reason: "tool_calls" }),
      done,
    ]);
    expect(first(answer)).toMatchObject({
      finish_reason: "tool_calls",
      message: {
        content: "",
        tool_calls: [
          { id: "a", type: "function", function: { name: "light", arguments: '{"on":true}' } },
          { id: "b", type: "function", function: { name: "dark", arguments: "{}" } },
        ],
      },
    });
  });

  it("keeps fields it does not know: joined where generated, else the last", () => {
    const answer = assembled([
      chunk({ content: "a", annotations: [1] }, { odd: "x" }, { service_tier: "a", warm: 1 }),
      chunk({ annotations: [2], deep: { text: "p" } }, { odd: "y", logprobs: { content: [1] } }),
      chunk({ deep: { text: "q" } }, { logprobs: { content: [2] } }, { service_tier: "b" }),
      done,
    ]);
    expect(answer).toMatchObject({ service_tier: "b", warm: 1 });
    expect(first(answer)).toMatchObject({
      odd: "y",
      logprobs: { content: [1, 2] },
      message: { annotations: [1, 2], deep: { text: "pq" } },
    });
  });

  it("sums the usage of several choices, with the timings of the first", () => {
    const answer = assembled(recordedEvents("chat-stream-n2-usage"));
    const said = recordedEvents("chat-stream-n2-usage")
      .filter((event) => event.includes('"usage"'))
      .map((event) => JSON.parse(event.slice(6)).usage as Record<string, number>);
    expect(said).toHaveLength(2);
    expect(answer.choices).toHaveLength(2);
    expect(answer.usage).toMatchObject({
      completion_tokens: (said[0]?.completion_tokens ?? 0) + (said[1]?.completion_tokens ?? 0),
      prompt_tokens: said[0]?.prompt_tokens,
    });
  });

  it("has every piece in its place where events alike and others take turns", () => {
    const answer = assembled([
      chunk({ role: "assistant", content: null }),
      ...["a", "b", 'say \\"c\\"', "\n", "ż", "🦙"].map((content) => chunk({ content })),
      chunk({ reasoning_content: "x" }),
      chunk({ reasoning_content: "y" }),
      chunk({ content: "d" }, {}, { created: 2 }),
      chunk({ content: "e" }, {}, { created: 2 }),
      chunk({}, { finish_reason: "stop" }),
      done,
    ]);
    expect(first(answer)).toMatchObject({
      message: { content: "ab" + 'say \\"c\\"' + "\nż🦙de", reasoning_content: "xy" },
    });
    expect(answer.created).toBe(2);
  });

  it("has the last message of a server that repeats it whole", () => {
    const whole = (content: string) => data({ choices: [{ index: 0, message: { content } }] });
    const answer = assembled([
      whole("a"),
      whole("ab"),
      whole("abc"),
      chunk({}, { finish_reason: "stop" }),
      done,
    ]);
    expect(first(answer)).toMatchObject({ message: { content: "abc" } });
  });

  it("leaves pings and a prompt's progress out", () => {
    const events = recordedEvents("chat-stream-progress");
    const answer = assembled([":\n\n", "data: null\n\n", ...events]);
    expect(answer).not.toHaveProperty("prompt_progress");
    expect((first(answer).message as Answer).content).toBe("hJ6");
  });

  it("survives any cut of its bytes", () => {
    const text = Buffer.from(chunk({ content: "zażółć 🦙\u2028" }) + done);
    for (let at = 1; at < text.length; at++) {
      const shaper = createAssembleShaper({
        framing,
        events,
        assembly: assembleChat(),
        choices: 1,
        id: "r",
        watch() {},
        watchText() {},
      });
      shaper.push(text.subarray(0, at));
      shaper.push(text.subarray(at));
      const answer = JSON.parse(shaper.finish()?.toString() ?? "") as Answer;
      expect((first(answer).message as Answer).content).toBe("zażółć 🦙\u2028");
    }
  });
});

describe("texts put together from their chunks", () => {
  it("are one choice for each prompt, whose usages add up", () => {
    const events = recordedEvents("completions-stream-two-prompts");
    const answer = assembled(events, assembleCompletion(2));
    const said = events
      .filter((event) => event.includes('"usage"'))
      .map((event) => JSON.parse(event.slice(6)).usage as Record<string, number>);
    expect(answer).toMatchObject({ object: "text_completion", id: "r-1" });
    expect(answer.choices).toHaveLength(said.length);
    expect((answer.usage as Record<string, number>).prompt_tokens).toBe(
      said.reduce((sum, one) => sum + (one.prompt_tokens ?? 0), 0),
    );
  });
});

describe("a stream that goes wrong before anything was sent", () => {
  const failing = (events: string[]): unknown => {
    try {
      return assembled(events);
    } catch (error) {
      return error;
    }
  };

  it.each([
    ["nested too deep", `${`{"a":`.repeat(50_000)}1${"}".repeat(50_000)}`],
    ["a list as long as no answer", `{"a":[${"1,".repeat(300_000)}1]}`],
  ])("is the upstream's fault, or an answer, where it is %s", (_, said) => {
    const event = `data: {"choices":[{"index":0,"delta":{"x":${said}}}]}\n\n`;
    const error = failing([event, event, done]);
    if (error instanceof Error)
      expect(error).toMatchObject({ status: 502, code: "upstream_error" });
  });

  it("of more choices than anybody asks for has their usage, as far as it goes", () => {
    const pieces = Array.from({ length: 150_000 }, (_, index) => {
      const usage = { prompt_tokens: 1, completion_tokens: 1 };
      return data({ choices: [{ index, delta: {} }], usage });
    });
    const shaper = createAssembleShaper({
      framing,
      events,
      assembly: assembleChat(),
      choices: 1,
      id: "r",
      watch() {},
      watchText() {},
    });
    shaper.push(Buffer.from(pieces.join("") + done));
    expect(JSON.parse(shaper.finish()?.toString() ?? "")).toMatchObject({
      usage: { prompt_tokens: 1 },
    });
  });

  it.each([
    [
      data({ error: { code: 400, message: "no", type: "invalid_request_error" } }),
      400,
      "upstream_rejected",
    ],
    [data({ error: { code: 500, message: "no" } }), 502, "upstream_error"],
    [data({ error: { code: "oops", message: "no" } }), 502, "upstream_error"],
    [data({ error: "no" }), 502, "upstream_error"],
    ['error: {"code":400,"message":"no"}\n\n', 400, "upstream_rejected"],
    ["data: {broken\n\n", 502, "upstream_error"],
    [chunk({ content: "never ended" }), 502, "upstream_error"],
  ])("is an error with a status: %s", (event, status, code) => {
    const error = failing([chunk({ content: "half" }), event]);
    expect(error).toBeInstanceOf(GatewayError);
    expect(error).toMatchObject({ status, code });
  });
});
