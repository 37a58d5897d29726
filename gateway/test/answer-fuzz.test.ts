import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestGateway, type TestGateway, until } from "./support/harness.ts";
import {
  type RawAnswer,
  type RawAsked,
  type RawUpstream,
  rawAnswer,
  rawStreamHead,
  startRawUpstream,
} from "./support/raw-upstream.ts";

// Answers of three families with odd values at odd places, passed and converted, streamed and whole.
// FUZZ_SEED repeats a run; FUZZ_RUNS makes it longer.

const seed = Number(process.env.FUZZ_SEED ?? 7);
const numRuns = Number(process.env.FUZZ_RUNS ?? 150);

/** What may stand in the place of any value. */
const oddValue = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -5, 1.5, 1e308, "", "11", "[DONE]", "data: x\n\n", "ü😀"),
  fc.constantFrom<unknown>([], {}, [null], { error: "x" }, { input_tokens: -1 }, [[[]]]),
  fc.jsonValue(),
);

/** Replaces, drops or doubles the value at one of the places of `value`. */
function mutated(value: unknown, places: readonly number[], odd: unknown, how: number): unknown {
  const [at = 0, ...rest] = places;
  if (typeof value !== "object" || value === null || places.length === 0) return odd;
  const keys = Object.keys(value);
  const key = keys[at % Math.max(1, keys.length)];
  if (key === undefined) return odd;
  const copy: Record<string, unknown> = { ...value };
  if (rest.length > 0) copy[key] = mutated(copy[key], rest, odd, how);
  else if (how === 0) delete copy[key];
  else if (how === 1) copy[`${key}${key}`] = odd;
  else copy[key] = odd;
  return Array.isArray(value) ? Object.values(copy) : copy;
}

const mutation = fc.record({
  event: fc.nat(8),
  places: fc.array(fc.nat(9), { minLength: 1, maxLength: 5 }),
  odd: oddValue,
  how: fc.nat(2),
});
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

const calls = [{ index: 0, id: "c", type: "function", function: { name: "f", arguments: "{}" } }];
const openAiUsage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
const openAi = {
  id: "u",
  object: "chat.completion",
  choices: [
    {
      index: 0,
      message: { role: "assistant", content: "hi", tool_calls: calls },
      finish_reason: "stop",
    },
  ],
  usage: openAiUsage,
  timings: { prompt_n: 2, prompt_ms: 1.5, predicted_n: 3, predicted_ms: 2.5 },
};
const chunkOf = (delta: object, reason: string | null): object => ({
  id: "u",
  object: "chat.completion.chunk",
  choices: [{ index: 0, delta, finish_reason: reason }],
});
const openAiEvents = [
  chunkOf({ role: "assistant", content: "a" }, null),
  chunkOf({ tool_calls: calls }, null),
  chunkOf({}, "stop"),
  { id: "u", choices: [], usage: openAiUsage },
];
const anthropic = {
  id: "m",
  type: "message",
  role: "assistant",
  model: "c",
  content: [
    { type: "thinking", thinking: "t", signature: "s" },
    { type: "text", text: "hi" },
    { type: "tool_use", id: "t", name: "f", input: { x: 1 } },
  ],
  stop_reason: "end_turn",
  usage: { input_tokens: 7, output_tokens: 5, cache_read_input_tokens: 2 },
};
const anthropicEvents = [
  { type: "message_start", message: { ...anthropic, content: [], stop_reason: null } },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "x" } },
  { type: "content_block_stop", index: 0 },
  { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 5 } },
  { type: "message_stop" },
];
const google = {
  candidates: [
    {
      content: {
        role: "model",
        parts: [{ text: "hi" }, { functionCall: { name: "f", args: {} } }],
      },
      finishReason: "STOP",
      index: 0,
    },
  ],
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5 },
};

let current: Mutation = { event: 0, places: [0], odd: null, how: 2 };

const bent = (value: unknown): unknown => mutated(value, current.places, current.odd, current.how);

function streamOf(events: readonly object[], isNamed: boolean, end: string): RawAnswer {
  const texts = events.map((event, index) => {
    const data = JSON.stringify(index === current.event % events.length ? bent(event) : event);
    const name = isNamed && "type" in event ? `event: ${event.type}\n` : "";
    return `${name}data: ${data}\n\n`;
  });
  return [rawStreamHead("text/event-stream"), texts.join("") + end];
}

const streams = ({ path, body }: RawAsked): boolean =>
  /"stream":\s*true/.test(body) || path.includes("streamGenerateContent");

const families: Record<string, { answer(asked: RawAsked): RawAnswer }> = {
  openai: {
    answer: (asked) =>
      streams(asked)
        ? streamOf(openAiEvents, false, "data: [DONE]\n\n")
        : [rawAnswer(JSON.stringify(bent(openAi)))],
  },
  anthropic: {
    answer: (asked) =>
      streams(asked)
        ? streamOf(anthropicEvents, true, "")
        : [rawAnswer(JSON.stringify(bent(anthropic)))],
  },
  google: {
    answer: (asked) =>
      streams(asked)
        ? streamOf([google, google], false, "")
        : [rawAnswer(JSON.stringify(bent(google)))],
  },
};

const upstreams: RawUpstream[] = [];
let gateway: TestGateway;

beforeAll(async () => {
  const lines: string[] = [];
  for (const [type, { answer }] of Object.entries(families)) {
    const upstream = await startRawUpstream(answer);
    upstreams.push(upstream);
    lines.push(`  ${type}: { url: ${upstream.url}, type: ${type}, key: k }`);
  }
  const routes = Object.keys(families).map((type) => `  - { model: ${type}, upstream: ${type} }`);
  const config = `upstreams:\n${lines.join("\n")}\nroutes:\n${routes.join("\n")}\n`;
  const env = { UPSTREAM_URL: "", FIRST_BYTE_TIMEOUT: "5s", IDLE_TIMEOUT: "5s" };
  gateway = await startTestGateway(() => {}, env, config);
});
afterAll(async () => {
  await gateway.stop();
  for (const upstream of upstreams) await upstream[Symbol.asyncDispose]();
});

const asks: Record<string, (model: string, stream: boolean) => [string, object]> = {
  chat: (model, stream) => [
    "/v1/chat/completions",
    { model, stream, messages: [{ role: "user", content: "x" }] },
  ],
  messages: (model, stream) => [
    "/v1/messages",
    { model, stream, max_tokens: 5, messages: [{ role: "user", content: "x" }] },
  ],
  ollama: (model, stream) => [
    "/api/chat",
    { model, stream, messages: [{ role: "user", content: "x" }] },
  ],
  responses: (model, stream) => ["/v1/responses", { model, stream, input: "x" }],
  gemini: (model, stream) => [
    `/v1beta/models/${model}:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
    { contents: [{ role: "user", parts: [{ text: "x" }] }] },
  ],
};

it("no answer makes a 500, a row with wrong numbers, or a slot that is not given back", async () => {
  const dialect = fc.constantFrom(...Object.keys(asks));
  const family = fc.constantFrom(...Object.keys(families));
  await fc.assert(
    fc.asyncProperty(dialect, family, fc.boolean(), mutation, async (name, model, stream, how) => {
      current = how;
      const [path, body] = asks[name]?.(model, stream) ?? ["", {}];
      const response = await gateway.post(path, body);
      const text = await response.text();
      expect(response.status).not.toBe(500);
      expect(text).not.toContain("The gateway failed");
    }),
    { seed, numRuns },
  );
  await until(async () => (await gateway.health()).line.active === 0, "all slots are free");
  for (const row of gateway.rows()) {
    expect(row.state).not.toBe("open");
    for (const tokens of [row.input_tokens, row.output_tokens, row.cached_tokens]) {
      expect(tokens === null || (Number.isInteger(tokens) && tokens >= 0)).toBe(true);
    }
  }
}, 120_000);
