import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import { startTestGateway } from "./support/harness.ts";
import { done, type Handler } from "./support/mock-upstream.ts";

// An id of 19 digits (Discord, Telegram, databases) must reach a tool as it was written.

const id = "1234567890123456789";
const args = `{"id":${id},"list":[-9223372036854775808]}`;

const event = (name: string, data: string): string => `event: ${name}\ndata: ${data}\n\n`;

function answer(response: ServerResponse, isStream: boolean, whole: string, stream: string): void {
  response.writeHead(200, { "content-type": isStream ? "text/event-stream" : "application/json" });
  response.end(isStream ? stream : whole);
}

/** Each API with one call of the tool `f`; numbers are written by hand, not by a JSON writer. */
const upstreams: Readonly<Record<string, Handler>> = {
  openai: ({ body }, response) => {
    const call = `{"index":0,"id":"c","type":"function","function":{"name":"f","arguments":${JSON.stringify(args)}}}`;
    const chunk = (delta: string, reason: string) =>
      `data: {"id":"x","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":${delta},"finish_reason":${reason}}]}\n\n`;
    const message = `{"role":"assistant","content":null,"tool_calls":[${call}]}`;
    answer(
      response,
      body.includes('"stream":true'),
      `{"id":"x","object":"chat.completion","created":1,"model":"m","choices":[{"index":0,"message":${message},"finish_reason":"tool_calls"}]}`,
      chunk(`{"role":"assistant","tool_calls":[${call}]}`, "null") +
        chunk("{}", '"tool_calls"') +
        done,
    );
  },
  anthropic: ({ body }, response) => {
    const head = `"id":"m","type":"message","role":"assistant","model":"m","stop_sequence":null`;
    const usage = `"usage":{"input_tokens":1,"output_tokens":1}`;
    const use = (input: string) => `{"type":"tool_use","id":"toolu_1","name":"f","input":${input}}`;
    answer(
      response,
      body.includes('"stream":true'),
      `{${head},"content":[${use(args)}],"stop_reason":"tool_use",${usage}}`,
      event(
        "message_start",
        `{"type":"message_start","message":{${head},"content":[],"stop_reason":null,${usage}}}`,
      ) +
        event(
          "content_block_start",
          `{"type":"content_block_start","index":0,"content_block":${use("{}")}}`,
        ) +
        event(
          "content_block_delta",
          `{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":${JSON.stringify(args)}}}`,
        ) +
        event("content_block_stop", '{"type":"content_block_stop","index":0}') +
        event(
          "message_delta",
          '{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":1}}',
        ) +
        event("message_stop", '{"type":"message_stop"}'),
    );
  },
  google: ({ url }, response) => {
    const parts = `[{"functionCall":{"name":"f","args":${args}}}]`;
    const whole = `{"candidates":[{"content":{"role":"model","parts":${parts}},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":1,"candidatesTokenCount":1,"totalTokenCount":2}}`;
    answer(response, url.includes("stream"), whole, `data: ${whole}\n\n`);
  },
};

const schema = { type: "object", properties: { id: { type: "integer" } } };
const maximum = `"maximum":${id}`;
const withMaximum = (tools: object): string =>
  JSON.stringify(tools).replace('"type":"integer"', `"type":"integer",${maximum}`);

/** A turn with a call and its result, and a tool whose schema has a big number, in each dialect. */
const requests: Readonly<Record<string, (stream: boolean) => [path: string, body: string]>> = {
  chat: (stream) => [
    "/v1/chat/completions",
    `{"model":"mock","stream":${stream},"tools":${withMaximum([{ type: "function", function: { name: "f", parameters: schema } }])},"messages":[{"role":"user","content":"q"},{"role":"assistant","tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":${JSON.stringify(args)}}}]},{"role":"tool","tool_call_id":"c1","content":"r"}]}`,
  ],
  responses: (stream) => [
    "/v1/responses",
    `{"model":"mock","stream":${stream},"tools":${withMaximum([{ type: "function", name: "f", parameters: schema }])},"input":[{"role":"user","content":"q"},{"type":"function_call","call_id":"c1","name":"f","arguments":${JSON.stringify(args)}},{"type":"function_call_output","call_id":"c1","output":"r"}]}`,
  ],
  messages: (stream) => [
    "/v1/messages",
    `{"model":"mock","max_tokens":500,"stream":${stream},"tools":${withMaximum([{ name: "f", input_schema: schema }])},"messages":[{"role":"user","content":"q"},{"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"f","input":${args}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"r"}]}]}`,
  ],
  gemini: (stream) => [
    `/v1beta/models/mock:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
    `{"tools":[{"functionDeclarations":${withMaximum([{ name: "f", parametersJsonSchema: schema }])}}],"contents":[{"role":"user","parts":[{"text":"q"}]},{"role":"model","parts":[{"functionCall":{"name":"f","args":${args}}}]},{"role":"user","parts":[{"functionResponse":{"name":"f","response":{"output":"r"}}}]}]}`,
  ],
};

const own: Readonly<Record<string, string>> = { anthropic: "messages", google: "gemini" };

describe.each(Object.keys(upstreams))("numbers above 2^53, at %s", (type) => {
  describe.each([false, true])("stream: %s", (stream) => {
    it.each(Object.keys(requests).filter((dialect) => own[type] !== dialect))(
      "reach the upstream and come back to %s as they were written",
      async (dialect) => {
        const handler = upstreams[type] ?? (() => {});
        const api = type === "openai" ? { UPSTREAM_API: "chat" } : {};
        await using gateway = await startTestGateway(handler, { UPSTREAM_TYPE: type, ...api });
        const [path, body] = requests[dialect]?.(stream) ?? ["", ""];
        const response = await fetch(gateway.url + path, {
          method: "POST",
          headers: {
            authorization: `Bearer ${gateway.keys.alice}`,
            "content-type": "application/json",
          },
          body,
        });
        const text = (await response.text()).replaceAll("\\", "");
        expect([response.status, text]).toEqual([200, expect.stringContaining(`"id":${id}`)]);
        expect(text).toContain("-9223372036854775808");
        const sent = gateway.upstream.seen.at(-1)?.body.toString().replaceAll("\\", "") ?? "";
        expect(sent).toContain(maximum);
        expect(sent).toContain(args);
      },
    );
  });
});
