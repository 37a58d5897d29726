import { afterEach, describe, expect, it } from "vitest";
import { chat, newTestKey, startTestGateway, type TestGateway } from "./support/harness.ts";
import { type Handler, politeChat } from "./support/mock-upstream.ts";

const key = newTestKey();
const said = { message: `Your key ${key} is over its quota.`, code: 429, type: "quota" };

let gateway: TestGateway;
afterEach(() => gateway.stop());

const start = async (handler: Handler): Promise<void> => {
  gateway = await startTestGateway(handler, { UPSTREAM_API_KEY: key });
};

/** A stream of these events, as they are. */
const streaming =
  (...events: string[]): Handler =>
  (_seen, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(events.join(""));
  };

const data = (value: object): string => `data: ${JSON.stringify(value)}\n\n`;
const delta = (content: string): string =>
  data({ id: "x", choices: [{ index: 0, delta: { content }, finish_reason: null }] });

async function told(path: string, body: object): Promise<string> {
  const response = await gateway.post(path, body);
  return await response.text();
}

describe("the gateway's own key for its upstream is never revealed", () => {
  it("by an error in a chat's stream", async () => {
    await start(streaming(delta("hi"), data({ error: said })));
    const text = await told("/v1/chat/completions", chat({ stream: true }));
    expect(text).toContain("Your key *** is over its quota.");
    expect(text).toContain('"hi"');
    expect(text).not.toContain(key);
  });

  it("by an error in a stream of Messages, or of a response that failed", async () => {
    const error = data({ type: "error", error: said });
    await start(streaming(`event: error\n${error}`));
    const messages = { model: "mock", max_tokens: 5, messages: [], stream: true };
    expect(await told("/v1/messages", messages)).toContain("Your key *** is");
    const failed = { type: "response.failed", response: { id: "r", error: said } };
    gateway.upstream.answer(streaming(`event: response.failed\n${data(failed)}`));
    const text = await told("/v1/responses", { model: "mock", input: "hi", stream: true });
    expect(text).toContain("Your key *** is");
  });

  it("by an error under status 200", async () => {
    await start((_seen, response) => {
      response.setHeader("content-type", "application/json").end(JSON.stringify({ error: said }));
    });
    expect(await told("/v1/chat/completions", chat())).toContain("Your key *** is");
  });

  it("by an error with its status, of a generation and of a read", async () => {
    await start((_seen, response) => {
      response.writeHead(429, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: said }));
    });
    expect(await told("/v1/chat/completions", chat())).toContain("Your key *** is");
    const headers = { authorization: `Bearer ${gateway.keys.alice}` };
    for (const path of ["/v1/files/7", "/v1/models/mock/anything"]) {
      const text = await (await fetch(gateway.url + path, { headers })).text();
      expect(text).not.toContain(key);
    }
    const counted = await told("/v1/messages/count_tokens", { model: "mock", messages: [] });
    expect(counted).toContain("Your key *** is");
  });

  it("and what a model says passes as it is", async () => {
    await start(streaming(delta(`error: ${key}`), "data: [DONE]\n\n"));
    const text = await told("/v1/chat/completions", chat({ stream: true }));
    expect(text).toContain(`error: ${key}`);
    gateway.upstream.answer(politeChat);
    expect(await told("/v1/chat/completions", chat())).toContain("choices");
  });
});
