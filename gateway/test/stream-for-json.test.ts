import { expect, it } from "vitest";
import { startTestGateway } from "./support/harness.ts";
import type { Handler } from "./support/mock-upstream.ts";

// Servers that answer with a stream although the client asked for one JSON object.

type Event = { readonly type?: string; readonly [field: string]: unknown };

const streaming =
  (events: readonly Event[], end = ""): Handler =>
  (_seen, response) => {
    response.setHeader("content-type", "text/event-stream");
    for (const event of events) {
      const name = event.type === undefined ? "" : `event: ${event.type}\n`;
      response.write(`${name}data: ${JSON.stringify(event)}\n\n`);
    }
    response.end(end);
  };

const usage = { input_tokens: 7, output_tokens: 5 };
const message = { id: "msg_1", type: "message", role: "assistant", model: "claude" };
const deltaAt = (index: number, type: string, field: string, value: string): Event => ({
  type: "content_block_delta",
  ...{ index, delta: { type, [field]: value } },
});
const startAt = (index: number, content_block: object): Event => {
  return { type: "content_block_start", index, content_block };
};

const anthropic: Event[] = [
  { type: "message_start", message: { ...message, content: [], stop_reason: null, usage } },
  startAt(0, { type: "thinking", thinking: "", signature: "" }),
  deltaAt(0, "thinking_delta", "thinking", "h"),
  deltaAt(0, "thinking_delta", "thinking", "m"),
  deltaAt(0, "signature_delta", "signature", "proof"),
  { type: "content_block_stop", index: 0 },
  startAt(1, { type: "text", text: "" }),
  ...["he", "l", "l", "ö"].map((text) => deltaAt(1, "text_delta", "text", text)),
  { type: "content_block_stop", index: 1 },
  startAt(2, { type: "tool_use", id: "toolu_1", name: "f", input: {} }),
  deltaAt(2, "input_json_delta", "partial_json", '{"id":12345678'),
  deltaAt(2, "input_json_delta", "partial_json", "90123456789}"),
  { type: "content_block_stop", index: 2 },
  { type: "message_delta", delta: { stop_reason: "tool_use", stop_sequence: null }, usage },
  { type: "message_stop" },
];

const part = (...parts: object[]): Event => {
  return { candidates: [{ index: 0, content: { role: "model", parts } }], modelVersion: "m" };
};
const google: Event[] = [
  part({ text: "hm", thought: true }),
  part({ text: "he" }),
  part({ text: "llö" }),
  {
    candidates: [
      {
        ...{ index: 0, finishReason: "STOP" },
        content: { role: "model", parts: [{ functionCall: { name: "f", args: { x: 1 } } }] },
      },
    ],
    usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 5, totalTokenCount: 12 },
  },
];

const item = {
  ...{ type: "message", id: "msg_1", role: "assistant", status: "completed" },
  content: [{ type: "output_text", text: "hellö", annotations: [] }],
};
const response = { id: "resp_1", object: "response", created_at: 1, model: "gpt", output: [] };
const openai: Event[] = [
  { type: "response.created", response: { ...response, status: "in_progress" } },
  { type: "response.output_item.done", output_index: 0, item },
  { type: "response.completed", response: { ...response, status: "completed", usage } },
];

const messages = [{ role: "user", content: "hi" }];
const done = { state: "done", status: 200, input_tokens: 7, output_tokens: 5 };

const chunkOf = (delta: object, finish_reason: string | null): Event => ({
  ...{ id: "c", object: "chat.completion.chunk", created: 1, model: "m" },
  choices: [{ index: 0, delta, finish_reason }],
  usage: { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 },
});
const chat = [
  chunkOf({ content: "he" }, null),
  chunkOf({ content: "llö" }, null),
  chunkOf({}, "stop"),
];

const asResponses = { UPSTREAM_API: "responses" };
const asAnthropic = { UPSTREAM_TYPE: "anthropic" };
const asGoogle = { UPSTREAM_TYPE: "google" };

it.each<[string, string, object, Record<string, string>, Handler, object]>([
  [
    "Messages",
    "/v1/messages",
    { max_tokens: 9, messages },
    asAnthropic,
    streaming(anthropic),
    {
      ...{ ...message, usage, stop_reason: "tool_use" },
      content: [
        { type: "thinking", thinking: "hm", signature: "proof" },
        { type: "text", text: "hellö" },
        { type: "tool_use", id: "toolu_1", name: "f" },
      ],
    },
  ],
  [
    "Gemini",
    "/v1beta/models/m:generateContent",
    { contents: [{ role: "user", parts: [{ text: "hi" }] }] },
    asGoogle,
    streaming(google),
    {
      candidates: [
        {
          finishReason: "STOP",
          content: {
            role: "model",
            parts: [
              { text: "hm", thought: true },
              { text: "hellö" },
              { functionCall: { name: "f", args: { x: 1 } } },
            ],
          },
        },
      ],
      modelVersion: "m",
    },
  ],
  [
    "Responses",
    "/v1/responses",
    { input: "hi" },
    asResponses,
    streaming(openai, "data: [DONE]\n\n"),
    { id: "resp_1", status: "completed", output: [item], usage },
  ],
])("%s: it is put together", async (_, path, body, env, handler, whole) => {
  await using gateway = await startTestGateway(handler, env);
  const answer = await gateway.post(path, { model: "mock", ...body });
  expect(answer.headers.get("content-type")).toMatch(/^application\/json/);
  expect(await answer.json()).toMatchObject(whole);
  expect(gateway.rows()).toMatchObject([done]);
});

it.each<[string, Record<string, string>, Handler, object]>([
  ["Anthropic", asAnthropic, streaming(anthropic), { reasoning_content: "hm", content: "hellö" }],
  ["Gemini", asGoogle, streaming(google), { reasoning_content: "hm", content: "hellö" }],
  ["OpenAI's Responses", asResponses, streaming(openai), { content: "hellö" }],
])("it is converted for a chat client: %s", async (_, env, handler, said) => {
  await using gateway = await startTestGateway(handler, env);
  const answer = await gateway.post("/v1/chat/completions", { model: "mock", messages });
  expect(await answer.json()).toMatchObject({ choices: [{ message: said }] });
  expect(gateway.rows()).toMatchObject([done]);
});

it("it is converted for a Messages client: OpenAI's chat", async () => {
  const handler = streaming(chat, "data: [DONE]\n\n");
  await using gateway = await startTestGateway(handler, { UPSTREAM_API: "chat" });
  const answer = await gateway.post("/v1/messages", { model: "mock", max_tokens: 9, messages });
  expect(await answer.json()).toMatchObject({ content: [{ type: "text", text: "hellö" }] });
  expect(gateway.rows()).toMatchObject([done]);
});

it("numbers of arguments stay as they were written", async () => {
  await using gateway = await startTestGateway(streaming(anthropic), asAnthropic);
  for (const [path, body] of [
    ["/v1/messages", { max_tokens: 9, messages }],
    ["/v1/chat/completions", { messages }],
  ] as const) {
    const answer = await gateway.post(path, { model: "mock", ...body });
    expect(await answer.text()).toContain("1234567890123456789");
  }
});

it.each<[string, string, object, Record<string, string>, Event[]]>([
  ["Messages", "/v1/messages", { max_tokens: 9, messages }, asAnthropic, anthropic.slice(0, 5)],
  ["Responses", "/v1/responses", { input: "hi" }, asResponses, openai.slice(0, 2)],
])("%s: one that was cut is an error with a status", async (_, path, body, env, events) => {
  await using gateway = await startTestGateway(streaming(events), env);
  const answer = await gateway.post(path, { model: "mock", ...body });
  expect(answer.status).toBe(502);
  expect(await answer.text()).toContain("before it was complete");
});
