import { OpenRouter } from "@openrouter/sdk";
import { afterEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway } from "./support/harness.ts";
import type { Handler } from "./support/mock-upstream.ts";

let gateway: TestGateway;
afterEach(() => gateway.stop());

/** Answers as OpenAI does when it is asked for usage: every chunk before the last says null. */
const openAi: Handler = (seen, response) => {
  const base = { id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "m" };
  const choice = (delta: object, finish_reason: string | null = null) => [
    { index: 0, delta, logprobs: null, finish_reason },
  ];
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
  const asks = /"include_usage":true/.test(seen.body.toString());
  const rest = asks ? { usage: null } : {};
  const chunks = [
    { ...base, choices: choice({ role: "assistant", content: "" }), ...rest },
    { ...base, choices: choice({ content: 'say "usage":null' }), ...rest },
    { ...base, choices: choice({}, "stop"), ...rest },
    ...(asks ? [{ ...base, choices: [], usage }] : []),
  ];
  response.writeHead(200, { "content-type": "text/event-stream" });
  const text = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join("");
  response.end(`${text}data: [DONE]\n\n`);
};

const anthropic: Handler = (_seen, response) => {
  const usage = { input_tokens: 3, output_tokens: 1 };
  const message = { id: "msg_1", type: "message", role: "assistant", model: "m", content: [] };
  const events: { type: string; [name: string]: unknown }[] = [
    { type: "message_start", message: { ...message, stop_reason: null, usage } },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "hello" } },
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage },
    { type: "message_stop" },
  ];
  response.writeHead(200, { "content-type": "text/event-stream" });
  const text = events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`);
  response.end(text.join(""));
};

const streamed = async (body: object): Promise<string> => {
  const answer = await gateway.post("/v1/chat/completions", chat({ stream: true, ...body }));
  return answer.text();
};

describe("usage that the gateway asked for, and not the client", () => {
  it("leaves no trace in the client's stream, and is in the accounts", async () => {
    gateway = await startTestGateway(openAi);
    const text = await streamed({});
    expect(text.replaceAll('\\"usage\\":null', "")).not.toContain("usage");
    expect(text).toContain('say \\"usage\\":null');
    expect(text.match(/"choices"/g)).toHaveLength(3);
    expect(gateway.rows()).toMatchObject([{ input_tokens: 3, output_tokens: 2 }]);
  });

  it("is what the upstream sends if the client asked too", async () => {
    gateway = await startTestGateway(openAi);
    const text = await streamed({ stream_options: { include_usage: true } });
    expect(text.match(/,"usage":null\}/g)).toHaveLength(3);
    expect(text).toContain('"usage":{"prompt_tokens":3');
  });
});

describe("OpenRouter's own client reads every chunk of a chat", () => {
  it.each([
    ["the echo", { UPSTREAM_URL: "" }, openAi],
    ["an upstream that answers as OpenAI does", {}, openAi],
    ["an upstream of another dialect", { UPSTREAM_TYPE: "anthropic" }, anthropic],
  ] as const)("of %s", async (_what, env, handler) => {
    gateway = await startTestGateway(handler, env);
    const apiKey = String(gateway.keys.alice);
    const client = new OpenRouter({ apiKey, serverURL: `${gateway.url}/api/v1` });
    const messages = [{ role: "user" as const, content: "hello" }];
    const chunks = await client.chat.send({ chatRequest: { model: "m", messages, stream: true } });
    if (!(Symbol.asyncIterator in chunks)) throw new Error("no stream");
    let text = "";
    let tokens = 0;
    for await (const chunk of chunks) {
      text += chunk.choices[0]?.delta.content ?? "";
      tokens = chunk.usage?.totalTokens ?? tokens;
    }
    expect(text).toMatch(/hello|say/);
    expect(tokens).toBeGreaterThan(0);
  });

  it.each([
    ["the echo", { UPSTREAM_URL: "" }],
    ["a chat server, after conversion", { UPSTREAM_TYPE: "anthropic" }],
  ] as const)("and a response of %s", async (_what, env) => {
    gateway = await startTestGateway((_seen, response) => {
      const usage = { input_tokens: 3, output_tokens: 1 };
      const content = [{ type: "text", text: "hello" }];
      const message = { id: "m", type: "message", role: "assistant", model: "m", content, usage };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ ...message, stop_reason: "end_turn", stop_sequence: null }));
    }, env);
    const apiKey = String(gateway.keys.alice);
    const client = new OpenRouter({ apiKey, serverURL: `${gateway.url}/api/v1` });
    const asked = {
      ...{ model: "m", input: "hello", temperature: 0.5, topP: 0.9, metadata: { a: "b" } },
      ...{ instructions: "be brief", maxOutputTokens: 50, parallelToolCalls: false },
    };
    const answer = await client.responses.send({ responsesRequest: asked });
    const { input, ...repeated } = asked;
    expect(answer).toMatchObject({ ...repeated, status: "completed" });
    expect(JSON.stringify(answer)).toContain(input);
  });
});
