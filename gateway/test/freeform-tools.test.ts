import OpenAI from "openai";
import { afterEach, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/harness.ts";
import type { Handler } from "./support/mock-upstream.ts";

// Freeform ("custom") tools of chat at an upstream that has functions alone.

let gateway: TestGateway;
afterEach(() => gateway.stop());

const patch = '*** Begin "Patch"\n+é\n*** End';
const usage = { input_tokens: 3, output_tokens: 5 };
const head = { id: "msg_1", type: "message", role: "assistant", model: "claude" };

/** Calls both tools, and streams the arguments in pieces. */
const anthropic: Handler = (seen, response) => {
  const calls = [
    { type: "tool_use", id: "toolu_1", name: "apply", input: { input: patch } },
    { type: "tool_use", id: "toolu_2", name: "read", input: { path: "a" } },
  ];
  if (!seen.body.includes('"stream":true')) {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ ...head, content: calls, stop_reason: "tool_use", usage }));
    return;
  }
  response.writeHead(200, { "content-type": "text/event-stream" });
  const send = (event: { type: string; [field: string]: unknown }): void => {
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  };
  send({ type: "message_start", message: { ...head, content: [], stop_reason: null, usage } });
  for (const [index, { input, ...call }] of calls.entries()) {
    send({ type: "content_block_start", index, content_block: { ...call, input: {} } });
    for (const partial_json of JSON.stringify(input).match(/.{1,9}/gs) ?? []) {
      send({
        type: "content_block_delta",
        index,
        delta: { type: "input_json_delta", partial_json },
      });
    }
    send({ type: "content_block_stop", index });
  }
  send({ type: "message_delta", delta: { stop_reason: "tool_use", stop_sequence: null }, usage });
  send({ type: "message_stop" });
  response.end();
};

const tools: OpenAI.ChatCompletionTool[] = [
  {
    type: "custom",
    custom: {
      name: "apply",
      description: "Applies a patch.",
      format: { type: "grammar", grammar: { syntax: "lark", definition: "start: PATCH" } },
    },
  },
  { type: "function", function: { name: "read", parameters: { type: "object" } } },
];

const asked = {
  model: "claude",
  messages: [{ role: "user", content: "patch it" }],
  tools,
  tool_choice: { type: "custom", custom: { name: "apply" } },
} satisfies OpenAI.ChatCompletionCreateParams;

const told = [
  { id: "toolu_1", type: "custom", custom: { name: "apply", input: patch } },
  { id: "toolu_2", type: "function", function: { name: "read", arguments: '{"path":"a"}' } },
];

async function clientOf(): Promise<OpenAI> {
  gateway = await startTestGateway(anthropic, { UPSTREAM_TYPE: "anthropic" });
  return new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.keys.alice ?? "" });
}

const sent = () => JSON.parse(gateway.upstream.seen.at(-1)?.body.toString() ?? "{}");

type Texts = Readonly<Record<string, string>>;
type CallDelta = { index: number; id?: string; type?: string; custom?: Texts; function?: Texts };

const joinedTexts = (one: Texts = {}, other: Texts = {}): Texts =>
  Object.fromEntries(
    Object.keys({ ...one, ...other }).map((name) => [
      name,
      (one[name] ?? "") + (other[name] ?? ""),
    ]),
  );

/** A delta behind what came before it, as every client joins them. */
const joined = (before: CallDelta, delta: CallDelta): CallDelta => ({
  ...before,
  ...(delta.custom ? { custom: joinedTexts(before.custom, delta.custom) } : {}),
  ...(delta.function ? { function: joinedTexts(before.function, delta.function) } : {}),
});

describe("a freeform tool of a chat", () => {
  it("is a function with one text for the upstream, and its call is a text again", async () => {
    const client = await clientOf();
    const { data, response } = await client.chat.completions.create(asked).withResponse();
    expect(data.choices[0]?.message.tool_calls).toEqual(told);
    expect(response.headers.get("x-gateway-dropped")).toBe("tools[0].custom.format");
    const [apply, read] = sent().tools;
    expect(apply).toMatchObject({
      name: "apply",
      description: expect.stringMatching(/^Applies a patch\.\n\n.*lark.*\nstart: PATCH$/s),
      input_schema: { properties: { input: { type: "string" } }, required: ["input"] },
    });
    expect(read).toMatchObject({ name: "read" });
    expect(sent().tool_choice).toMatchObject({ type: "tool", name: "apply" });
  });

  it("streams its call as a text, whole, and that of a function in pieces", async () => {
    const client = await clientOf();
    const stream = await client.chat.completions.create({ ...asked, stream: true });
    const calls: CallDelta[] = [];
    for await (const { choices } of stream) {
      for (const delta of (choices[0]?.delta.tool_calls ?? []) as CallDelta[]) {
        const before = calls[delta.index];
        calls[delta.index] = before === undefined ? delta : joined(before, delta);
      }
    }
    expect(calls).toEqual(told.map((call, index) => ({ index, ...call })));
  });

  it("has its call and its result in the next turn", async () => {
    const client = await clientOf();
    await client.chat.completions.create({
      ...asked,
      messages: [
        ...asked.messages,
        {
          role: "assistant",
          content: null,
          tool_calls: told as OpenAI.ChatCompletionMessageToolCall[],
        },
        { role: "tool", tool_call_id: "toolu_1", content: "done" },
        { role: "tool", tool_call_id: "toolu_2", content: "text" },
      ],
    });
    const [, calls, results] = sent().messages;
    expect(calls.content).toMatchObject([
      { type: "tool_use", id: "toolu_1", name: "apply", input: { input: patch } },
      { type: "tool_use", id: "toolu_2", name: "read", input: { path: "a" } },
    ]);
    expect(results.content).toMatchObject([
      { type: "tool_result", tool_use_id: "toolu_1" },
      { type: "tool_result", tool_use_id: "toolu_2" },
    ]);
  });
});

/** A chat server that refuses tools other than functions, as llama-server does. */
const functionsOnly: Handler = (seen, response) => {
  const refuses = seen.body.includes('"type":"custom"');
  response.writeHead(refuses ? 500 : 200, { "content-type": "application/json" });
  const message = "Failed to parse tools: Unsupported tool type: custom";
  if (refuses) {
    response.end(JSON.stringify({ error: { code: 500, message, type: "server_error" } }));
    return;
  }
  const call = { name: "apply", arguments: JSON.stringify({ input: patch }) };
  const choice = {
    ...{ index: 0, finish_reason: "tool_calls" },
    message: { role: "assistant", tool_calls: [{ id: "c", type: "function", function: call }] },
  };
  const head = { id: "chatcmpl-1", object: "chat.completion", created: 1, model: "m" };
  response.end(JSON.stringify({ ...head, choices: [choice] }));
};

it("a chat server that refuses freeform tools is asked again with functions", async () => {
  gateway = await startTestGateway(functionsOnly, { UPSTREAM_TYPE: "auto" });
  const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.keys.alice ?? "" });
  const { choices } = await client.chat.completions.create({ ...asked, model: "mock" });
  expect(choices[0]?.message.tool_calls).toEqual([
    { id: "c", type: "custom", custom: { name: "apply", input: patch } },
  ]);
  expect(gateway.upstream.seen.map(({ url }) => url)).toEqual([
    "/v1/chat/completions",
    "/v1/chat/completions",
  ]);
});

it("a refusal for another reason reaches the client", async () => {
  const refusing: Handler = (_seen, response) => {
    response.writeHead(400, { "content-type": "application/json" });
    response.end('{"error":{"message":"no such thing","type":"invalid_request_error"}}');
  };
  gateway = await startTestGateway(refusing, { UPSTREAM_TYPE: "auto" });
  const answer = await gateway.post("/v1/chat/completions", { ...asked, model: "mock" });
  expect([answer.status, await answer.text()]).toEqual([
    400,
    expect.stringContaining("no such thing"),
  ]);
});
