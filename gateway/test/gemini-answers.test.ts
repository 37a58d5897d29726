import { describe, expect, it } from "vitest";
import { startTestGateway } from "./support/harness.ts";
import type { Handler } from "./support/mock-upstream.ts";

// What Gemini answers beside text, for clients of other APIs.

const asGoogle = { UPSTREAM_TYPE: "google" };

const gemini =
  (...parts: object[]): Handler =>
  ({ url }, response) => {
    const candidates = [{ content: { role: "model", parts }, finishReason: "STOP", index: 0 }];
    const text = JSON.stringify({ candidates });
    const isStream = url.includes("stream");
    response.writeHead(200, {
      "content-type": isStream ? "text/event-stream" : "application/json",
    });
    response.end(isStream ? `data: ${text}\n\n` : text);
  };

const png = "iVBORw0KGgo=";
const drawing = gemini({ text: "here" }, { inlineData: { mimeType: "image/png", data: png } });
const messages = [{ role: "user", content: "draw" }];

describe.each([false, true])("an image that Gemini made (stream: %s)", (stream) => {
  it("reaches a chat client as one of the message's images", async () => {
    await using gateway = await startTestGateway(drawing, asGoogle);
    const answer = await gateway.post("/v1/chat/completions", { model: "mock", stream, messages });
    const image = { type: "image_url", image_url: { url: `data:image/png;base64,${png}` } };
    expect(await answer.text()).toContain(`"images":[${JSON.stringify(image)}]`);
  });

  it("reaches a Responses client as an item", async () => {
    await using gateway = await startTestGateway(drawing, asGoogle);
    const answer = await gateway.post("/v1/responses", { model: "mock", stream, input: "draw" });
    const item = '"type":"image_generation_call","status":"completed","result":';
    expect(await answer.text()).toContain(`${item}"${png}"`);
  });

  it("leaves the text of a Messages client whole", async () => {
    await using gateway = await startTestGateway(drawing, asGoogle);
    const body = { model: "mock", stream, max_tokens: 5, messages };
    const text = await (await gateway.post("/v1/messages", body)).text();
    expect(text).toContain("here");
    expect(text).toContain('"stop_reason":"end_turn"');
  });
});

describe.each([false, true])("an answer in the wrapper of Code Assist (stream: %s)", (stream) => {
  it.each([true, false])("is read if the upstream streams: %s", async (streams) => {
    const usageMetadata = { promptTokenCount: 5, candidatesTokenCount: 2 };
    const content = { role: "model", parts: [{ text: "here" }] };
    const candidates = [{ content, finishReason: "STOP", index: 0 }];
    const text = JSON.stringify({ traceId: "t", response: { candidates, usageMetadata } });
    await using gateway = await startTestGateway(({ url }, response) => {
      const isStream = streams && url.includes("stream");
      response.setHeader("content-type", isStream ? "text/event-stream" : "application/json");
      response.end(isStream ? `data: ${text}\n\n` : text);
    }, asGoogle);
    const answer = await gateway.post("/v1/chat/completions", { model: "mock", stream, messages });
    expect(await answer.text()).toContain('"content":"here"');
    expect(gateway.rows()).toMatchObject([{ state: "done", input_tokens: 5, output_tokens: 2 }]);
  });
});

it("Gemini's proof of a call goes to a chat client and comes back with it", async () => {
  const proof = "U0lHTkFUVVJF";
  const call = { functionCall: { name: "read", args: {} }, thoughtSignature: proof };
  await using gateway = await startTestGateway(gemini(call), asGoogle);
  const tools = [{ type: "function", function: { name: "read" } }];
  const ask = (turns: object[]) =>
    gateway.post("/v1/chat/completions", { model: "gemini-3-pro", tools, messages: turns });
  const { choices } = JSON.parse(await (await ask(messages)).text());
  const { message } = choices[0];
  expect(message.tool_calls[0].extra_content).toEqual({ google: { thought_signature: proof } });
  const result = { role: "tool", tool_call_id: message.tool_calls[0].id, content: "r" };
  const answer = await ask([...messages, message, result]);
  expect(answer.headers.get("x-gateway-dropped")).toBe(null);
  expect(gateway.upstream.seen.at(-1)?.body.toString()).toContain(`"thoughtSignature":"${proof}"`);
});
