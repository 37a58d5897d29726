import { afterEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import {
  type RawAnswer,
  type RawAsked,
  rawAnswer,
  rawStreamHead,
  startRawUpstream,
} from "./support/raw-upstream.ts";

// Where servers tell what an answer cost, and what is charged where they do not.

const endings: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of endings.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

async function inFrontOf(
  answer: (asked: RawAsked) => RawAnswer,
  env: Record<string, string> = {},
): Promise<TestGateway> {
  const upstream = await startRawUpstream(answer);
  endings.push(upstream);
  const gateway = await startTestGateway(() => {}, { UPSTREAM_URL: upstream.url, ...env });
  endings.push(gateway);
  return gateway;
}

const head = rawStreamHead("text/event-stream");
const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const say = (content: string): string => data({ choices: [{ index: 0, delta: { content } }] });
const choice = { index: 0, delta: {}, finish_reason: "stop" };
const stop = data({ choices: [choice] });
const done = "data: [DONE]\n\n";
const usage = { prompt_tokens: 36, completion_tokens: 4, cached_tokens: 30 };
const zeros = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
const counted = { input_tokens: 36, output_tokens: 4, cached_tokens: 30, usage_source: "reported" };
const unknown = { state: "done", input_tokens: null, output_tokens: null, usage_source: null };

/** An upstream that knows chat completions alone: Messages are converted to it. */
const chatAlone =
  (events: string) =>
  ({ path }: RawAsked): RawAnswer =>
    path === "/v1/chat/completions"
      ? [head, events]
      : [rawAnswer("{}", "application/json", [], 404)];

describe("usage in a stream", () => {
  it.each([
    ["in its choice", say("a") + data({ choices: [{ ...choice, usage }] }) + done],
    [
      "by names of the server's own",
      say("a") +
        data({
          choices: [choice],
          usage: { promptTokens: 36, completionTokens: 4, cached_tokens: 30 },
        }) +
        done,
    ],
    ["in a field of the server's own", say("a") + stop + data({ x_groq: { usage } }) + done],
    ["beside each event", data({ choices: [choice], usage }) + done],
    ["after [DONE]", say("a") + stop + done + data({ choices: [], usage })],
    [
      "before zeros",
      say("a") + data({ choices: [], usage }) + data({ choices: [choice], usage: zeros }) + done,
    ],
  ])("%s is read, passed and converted", async (_, events) => {
    const gateway = await inFrontOf(chatAlone(events));
    for (const path of ["/v1/chat/completions", "/v1/messages"]) {
      await (await gateway.post(path, chat({ stream: true, max_tokens: 9 }))).text();
    }
    expect(gateway.rows()).toMatchObject([counted, counted]);
  });

  it.each([
    ["nowhere", say("a") + stop + done],
    ["as zeros", say("a") + data({ choices: [choice], usage: zeros }) + done],
    ["as an empty object", say("a") + data({ choices: [choice], usage: {} }) + done],
    ["as texts", say("a") + data({ choices: [choice], usage: { prompt_tokens: "5" } }) + done],
  ])("%s is unknown, not 0, passed and converted", async (_, events) => {
    const gateway = await inFrontOf(chatAlone(events));
    for (const path of ["/v1/chat/completions", "/v1/messages"]) {
      await (await gateway.post(path, chat({ stream: true, max_tokens: 9 }))).text();
    }
    expect(gateway.rows()).toMatchObject([unknown, unknown]);
  });
});

it("usage at the end of an answer of any size is read, though its pieces are small", async () => {
  const numbers = `],"usage":${" ".repeat(3_000)}{"prompt_tokens":36,"total_tokens":36}}`;
  const vector = `{"embedding":[${"0.5,".repeat(5_000)}0.5]},`;
  const pieces = [
    '{"object":"list","data":[',
    ...Array<string>(260).fill(vector),
    vector.slice(0, -1),
    numbers.slice(0, 3_010),
    20,
    numbers.slice(3_010),
  ];
  const gateway = await inFrontOf(() => [rawStreamHead("application/json"), ...pieces]);
  await (await gateway.post("/v1/embeddings", { model: "mock", input: "a" })).text();
  expect(gateway.rows()).toMatchObject([{ state: "done", input_tokens: 36 }]);
});

it("Cohere's meta tells the tokens of a rerank", async () => {
  const answer = { results: [], meta: { tokens: { input_tokens: 36, output_tokens: 0 } } };
  const gateway = await inFrontOf(() => [rawAnswer(JSON.stringify(answer))]);
  const body = { model: "mock", query: "a", documents: ["b"] };
  await (await gateway.post("/v1/rerank", body)).text();
  expect(gateway.rows()).toMatchObject([{ state: "done", input_tokens: 36 }]);
});

it("a converted message_start has an estimate of the prompt's tokens", async () => {
  const gateway = await inFrontOf(chatAlone(say("a") + data({ choices: [choice], usage }) + done));
  const messages = [{ role: "user", content: "word ".repeat(500) }];
  const body = { model: "mock", max_tokens: 9, stream: true, messages };
  const text = await (await gateway.post("/v1/messages", body)).text();
  const [start, end] = ["message_start", "message_delta"].map((name) => {
    const line = text.split("\n").find((one) => one.startsWith(`data: {"type":"${name}"`)) ?? "";
    return Number(/"input_tokens":(\d+)/.exec(line)?.[1]);
  });
  expect(start).toBeGreaterThan(400);
  expect(start).toBeLessThan(1_500);
  expect(end).toBe(36 - 30);
});

describe("a limit on tokens, where the upstream tells none", () => {
  const words = Array<string>(50).fill(say("word ")).join("");
  const whole = JSON.stringify({
    choices: [{ ...choice, message: { role: "assistant", content: "word ".repeat(50) } }],
  });
  const limited = { ENABLE_RATE_LIMITING: "true", MAX_TOKENS: "300" };

  /** What is used of the limit. */
  async function used(gateway: TestGateway): Promise<number> {
    const headers = { authorization: `Bearer ${gateway.keys.alice}` };
    const answer = await fetch(`${gateway.url}/limits`, { headers });
    const { limits } = (await answer.json()) as { limits: { limit: string; used: number }[] };
    return limits[0]?.used ?? Number.NaN;
  }

  it.each<[string, RawAnswer, boolean]>([
    ["a stream", [head, words + stop + done], true],
    ["a stream that fails", [head, `${words}data: {"error":{"message":"boom"}}\n\n`], true],
    ["a stream that is cut", [head, words], true],
    ["a whole answer", [rawAnswer(whole)], false],
  ])("is charged for what passed: %s", async (_, answer, stream) => {
    const gateway = await inFrontOf(() => answer, limited);
    await (await gateway.post("/v1/chat/completions", chat({ stream, max_tokens: 60 }))).text();
    expect(await used(gateway)).toBeGreaterThanOrEqual(50);
    expect(await used(gateway)).toBeLessThan(80);
  });

  it("counts the text, not the events, of a client that leaves", async () => {
    const long = say("The quick brown fox jumps over the lazy dog. ".repeat(9));
    const gateway = await inFrontOf(() => [head, long, 20, long, 60_000], {
      ...limited,
      MAX_TOKENS: "100000",
    });
    const leave = new AbortController();
    const response = await gateway.post("/v1/chat/completions", chat({ stream: true }), {
      signal: leave.signal,
    });
    const reader = response.body?.getReader();
    let seen = 0;
    while (seen < 2 * long.length - 100) seen += (await reader?.read())?.value?.length ?? 0;
    leave.abort();
    await until(() => gateway.rows()[0]?.state === "cancelled", "the row is closed");
    expect(await used(gateway)).toBeGreaterThan(150);
    expect(gateway.rows()[0]?.output_tokens).toBeGreaterThan(150);
  });

  it("is charged for the prompt if the client leaves before the first token", async () => {
    const gateway = await inFrontOf(() => [60_000], {
      ...limited,
      MAX_TOKENS: "100000",
    });
    const leave = new AbortController();
    const messages = [{ role: "user", content: "hi ".repeat(1_000) }];
    const asked = gateway.post("/v1/chat/completions", chat({ messages }), {
      signal: leave.signal,
    });
    await until(async () => (await gateway.health()).line.active === 1, "it runs");
    leave.abort();
    await asked.catch(() => {});
    await until(() => gateway.rows()[0]?.state === "cancelled", "the row is closed");
    expect(await used(gateway)).toBeGreaterThan(500);
  });

  it("is charged nothing if the upstream refuses", async () => {
    const gateway = await inFrontOf(() => [rawAnswer("{}", "application/json", [], 400)], limited);
    await (await gateway.post("/v1/chat/completions", chat())).text();
    expect(await used(gateway)).toBe(0);
  });
});
