import { afterEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway } from "./support/harness.ts";
import {
  type RawAnswer,
  type RawAsked,
  type RawUpstream,
  rawAnswer,
  rawStreamHead,
  startRawUpstream,
} from "./support/raw-upstream.ts";

const endings: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of endings.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

const good = JSON.stringify({
  choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }],
});
const goodStream = `data: ${JSON.stringify({
  choices: [{ index: 0, delta: { content: "hi" }, finish_reason: "stop" }],
})}\n\ndata: [DONE]\n\n`;

async function upstream(answer: (asked: RawAsked) => RawAnswer): Promise<RawUpstream> {
  const one = await startRawUpstream(answer);
  endings.push(one);
  return one;
}

/** A gateway whose model goes to `first`, and to another one that answers well. */
async function withFallback(
  first: (asked: RawAsked) => RawAnswer,
  type = "openai",
): Promise<{ gateway: TestGateway; asked: () => number }> {
  const a = await upstream(first);
  const b = await upstream(({ body }) =>
    body.includes('"stream":true')
      ? [rawStreamHead("text/event-stream"), goodStream]
      : [rawAnswer(good)],
  );
  const config = `upstreams:
  a: { url: ${a.url}, type: ${type}, key: k }
  b: { url: ${b.url}, type: openai }
routes:
  - { model: mock, upstream: a, fallbacks: [b] }
`;
  const gateway = await startTestGateway(() => {}, { UPSTREAM_URL: "" }, config);
  endings.push(gateway);
  return { gateway, asked: () => b.asked.length };
}

async function alone(answer: RawAnswer): Promise<TestGateway> {
  const one = await upstream(() => answer);
  const gateway = await startTestGateway(() => {}, { UPSTREAM_URL: one.url });
  endings.push(gateway);
  return gateway;
}

const errors: [number, object][] = [
  [400, { error: { message: "flagged", type: "invalid_request_error" } }],
  [400, { object: "error", message: "flagged", type: "BadRequestError", code: 400 }],
  [400, { choices: null, error_type: "BadRequestError", error_message: "flagged", code: 400 }],
  [429, { error: { message: "flagged", code: "rate_limit_exceeded" } }],
  [429, { error: { code: 429, message: "flagged", status: "RESOURCE_EXHAUSTED" } }],
  [502, { error: { message: "flagged", code: 502 } }],
  [502, { error: "flagged" }],
  [502, { detail: "flagged" }],
  [502, { message: "flagged", code: "oops" }],
  [502, { choices: [{ index: 0, error: { message: "flagged", code: 502 } }] }],
  [529, { type: "error", error: { type: "overloaded_error", message: "flagged" } }],
];

describe("an error under status 200", () => {
  it.each(errors)(
    "is a %s: %j, whole, first in a stream, or under another type",
    async (status, body) => {
      const json = JSON.stringify(body);
      const ways: [RawAnswer, boolean][] = [
        [[rawAnswer(json)], false],
        [[rawStreamHead("text/event-stream"), `data: ${json}\n\ndata: [DONE]\n\n`], true],
        [[rawStreamHead("text/event-stream"), `event: error\ndata: ${json}\n\n`], true],
        [[rawStreamHead("text/event-stream"), json], true],
        [[rawAnswer(json)], true],
      ];
      for (const [answer, stream] of ways) {
        await using gateway = await alone(answer);
        const response = await gateway.post("/v1/chat/completions", chat({ stream }));
        expect([response.status, await response.text()]).toEqual([
          status,
          expect.stringContaining("flagged"),
        ]);
        expect(gateway.rows()).toMatchObject([{ state: "failed", status, output_tokens: null }]);
        endings.pop();
      }
    },
  );

  it("of embeddings, which pass unread, is one too", async () => {
    const gateway = await alone([rawAnswer('{"error":{"message":"flagged","code":503}}')]);
    const response = await gateway.post("/v1/embeddings", { model: "mock", input: "a" });
    expect([response.status, await response.text()]).toEqual([
      502,
      expect.stringContaining("flagged"),
    ]);
  });

  const odd: [string, object][] = [
    ["empty error text", { error: "" }],
    ["empty error object", { error: {} }],
    ["error of empty fields", { error: { code: 0, message: "", param: null } }],
    ["null error", { error: null }],
    ["error false", { error: false }],
  ];
  it.each(odd)("is none: %s beside an answer", async (_, field) => {
    const body = { ...JSON.parse(good), ...field };
    const events = `data: ${JSON.stringify({ ...JSON.parse(goodStream.slice(6, goodStream.indexOf("\n"))), ...field })}\n\ndata: [DONE]\n\n`;
    const { gateway, asked } = await withFallback(({ body: sent }) =>
      sent.includes('"stream":true')
        ? [rawStreamHead("text/event-stream"), events]
        : [rawAnswer(JSON.stringify(body))],
    );
    for (const stream of [false, true]) {
      const response = await gateway.post("/v1/chat/completions", chat({ stream }));
      expect([response.status, await response.text()]).toEqual([
        200,
        expect.stringContaining("hi"),
      ]);
    }
    expect(asked()).toBe(0);
  });

  it("does not stand in the arguments of a call, text or object, passed or converted", async () => {
    const call = (args: unknown): object => ({
      index: 0,
      id: "c1",
      type: "function",
      function: { name: "report", arguments: args },
    });
    for (const args of ['{"error":"off by one"}', { error: "off by one", line: 3 }]) {
      const event = { choices: [{ index: 0, delta: { tool_calls: [call(args)] } }] };
      const end = { choices: [{ index: 0, delta: {}, finish_reason: "tool_calls" }] };
      const one = await upstream(({ path }) =>
        path === "/v1/chat/completions"
          ? [
              rawStreamHead("text/event-stream"),
              `data: ${JSON.stringify(event)}\n\ndata: ${JSON.stringify(end)}\n\ndata: [DONE]\n\n`,
            ]
          : [rawAnswer("{}", "application/json", [], 404)],
      );
      await using gateway = await startTestGateway(() => {}, { UPSTREAM_URL: one.url });
      for (const path of ["/v1/chat/completions", "/v1/messages"]) {
        const body = chat({ stream: true, max_tokens: 9 });
        const response = await gateway.post(path, body);
        const text = await response.text();
        expect(response.status).toBe(200);
        expect(text).toContain("report");
        expect(text).toContain("off by one");
        expect(text).not.toContain("end_turn");
      }
    }
  });

  it.each([false, true])("asks a fallback, stream: %s", async (stream) => {
    const error = '{"error":{"message":"down","code":500}}';
    const { gateway, asked } = await withFallback(() =>
      stream ? [rawStreamHead("text/event-stream"), `data: ${error}\n\n`] : [rawAnswer(error)],
    );
    const response = await gateway.post("/v1/chat/completions", chat({ stream }));
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining("hi")]);
    expect(asked()).toBe(1);
    expect(gateway.rows()).toMatchObject([{ state: "done", upstream: "b" }]);
  });

  it("of the request's own making asks none", async () => {
    const { gateway, asked } = await withFallback(() => [
      rawAnswer('{"error":{"message":"bad","code":400}}'),
    ]);
    expect((await gateway.post("/v1/chat/completions", chat())).status).toBe(400);
    expect(asked()).toBe(0);
  });
});

describe("an answer of Anthropic's that cannot be converted", () => {
  const event = (name: string, body: object): string =>
    `event: ${name}\ndata: ${JSON.stringify({ type: name, ...body })}\n\n`;
  const start = { id: "m", type: "message", role: "assistant", model: "c", content: [] };
  it.each([
    ["no usage", event("message_start", { message: start })],
    [
      "null numbers",
      event("message_start", { message: { ...start, usage: { input_tokens: null } } }),
    ],
    ["no JSON", "event: message_start\ndata: hello\n\n"],
    ["another type", event("message_start", { message: 5 })],
    ["overloaded", event("error", { error: { type: "overloaded_error", message: "Overloaded" } })],
  ])("(%s) is no 500, and a fallback is asked", async (_, first) => {
    const { gateway, asked } = await withFallback(
      () => [rawStreamHead("text/event-stream"), first],
      "anthropic",
    );
    const response = await gateway.post("/v1/chat/completions", chat({ stream: true }));
    expect([response.status, await response.text()]).toEqual([200, expect.stringContaining("hi")]);
    expect(asked()).toBe(1);
  });
});

describe("a stream that fails after it began", () => {
  it("has one row as if it had been cut: what passed, estimated", async () => {
    const words = Array.from({ length: 40 }, () => {
      return `data: {"choices":[{"index":0,"delta":{"content":"word "},"finish_reason":null}]}\n\n`;
    });
    const head = rawStreamHead("text/event-stream");
    const cut = await alone([head, words.join("")]);
    const failed = await alone([head, words.join(""), 'data: {"error":{"message":"boom"}}\n\n']);
    for (const gateway of [cut, failed]) {
      await (await gateway.post("/v1/chat/completions", chat({ stream: true }))).text();
      expect(gateway.rows()).toMatchObject([
        { state: "failed", status: 502, output_tokens: 40, usage_source: "estimated" },
      ]);
    }
  });

  it("by response.failed is failed, and the client gets the event as it came", async () => {
    const events = [
      'event: response.created\ndata: {"type":"response.created","response":{"id":"r"}}\n\n',
      'event: response.failed\ndata: {"type":"response.failed","response":{"id":"r","error":{"message":"x"}}}\n\n',
    ];
    const gateway = await alone([rawStreamHead("text/event-stream"), ...events]);
    const body = { model: "mock", input: "hi", stream: true };
    const response = await gateway.post("/v1/responses", body);
    expect(await response.text()).toBe(events.join(""));
    expect(gateway.rows()).toMatchObject([{ state: "failed", error_code: "upstream_error" }]);
  });
});
