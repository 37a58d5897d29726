import {
  ChatResult$inboundSchema,
  ChatStreamChunk$inboundSchema,
  OpenResponsesResult$inboundSchema,
  StreamEvents$inboundSchema,
} from "@openrouter/sdk/models";
import { describe, expect, it } from "vitest";
import { startTestGateway } from "./support/harness.ts";
import type { Handler } from "./support/mock-upstream.ts";

// What the gateway itself writes below /api/v1, judged by the schemas of a published SDK.

type Schema = { safeParse(value: unknown): { success: boolean; error?: unknown } };

const head = { id: "msg_1", type: "message", role: "assistant", model: "claude" };
const usage = { input_tokens: 9, output_tokens: 5 };
const call = { type: "tool_use", id: "toolu_1", name: "light", input: {} };

const events: readonly { type: string; [field: string]: unknown }[] = [
  { type: "message_start", message: { ...head, content: [], stop_reason: null, usage } },
  { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
  { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "on" } },
  { type: "content_block_stop", index: 0 },
  { type: "content_block_start", index: 1, content_block: call },
  {
    type: "content_block_delta",
    index: 1,
    delta: { type: "input_json_delta", partial_json: "{}" },
  },
  { type: "content_block_stop", index: 1 },
  { type: "message_delta", delta: { stop_reason: "tool_use", stop_sequence: null }, usage },
  { type: "message_stop" },
];

const anthropic: Handler = (seen, response) => {
  if (seen.body.includes('"stream":true')) {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const one of events) {
      response.write(`event: ${one.type}\ndata: ${JSON.stringify(one)}\n\n`);
    }
    response.end();
    return;
  }
  const content = [{ type: "text", text: "on" }, call];
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify({ ...head, content, stop_reason: "tool_use", usage }));
};

const requests = {
  "/v1/responses": { model: "m", input: "hi", temperature: 0.5, metadata: { a: "b" } },
  "/v1/chat/completions": { model: "m", messages: [{ role: "user", content: "hi" }] },
} as const;

/** Every field that the Open Responses schema requires of a response. */
const required =
  "id object created_at completed_at status error incomplete_details model output usage instructions max_output_tokens max_tool_calls metadata parallel_tool_calls presence_penalty frequency_penalty previous_response_id prompt_cache_key reasoning safety_identifier service_tier store background temperature text tool_choice tools top_logprobs top_p truncation".split(
    " ",
  );

const faultOf = (schema: Schema, value: unknown): unknown => {
  const { success, error } = schema.safeParse(value);
  return success ? null : { value, error: String(error) };
};

const dataOf = (text: string): unknown[] =>
  [...text.matchAll(/^data: (\{.*)$/gm)].map(([, data = ""]) => JSON.parse(data));

describe.each([
  ["the echo", { UPSTREAM_URL: "" }],
  ["a conversion", { UPSTREAM_TYPE: "anthropic" }],
])("%s", (_, env) => {
  it.each<[keyof typeof requests, Schema, Schema]>([
    ["/v1/responses", OpenResponsesResult$inboundSchema, StreamEvents$inboundSchema],
    ["/v1/chat/completions", ChatResult$inboundSchema, ChatStreamChunk$inboundSchema],
  ])("answers %s as the published schemas say, whole and streamed", async (path, whole, event) => {
    await using gateway = await startTestGateway(anthropic, env);
    const answer = await gateway.post(`/api${path}`, requests[path]);
    expect(answer.status).toBe(200);
    const object = await answer.json();
    expect(faultOf(whole, object)).toBeNull();
    const streamed = await gateway.post(`/api${path}`, { ...requests[path], stream: true });
    const told = dataOf(await streamed.text());
    expect(told.length).toBeGreaterThan(2);
    expect(told.map((one) => faultOf(event, one)).filter((fault) => fault !== null)).toEqual([]);
    if (path !== "/v1/responses") return;
    expect(Object.keys(object as object)).toEqual(expect.arrayContaining(required));
    expect(object).toMatchObject({ temperature: 0.5, metadata: { a: "b" } });
  });
});
