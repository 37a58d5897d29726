import { afterEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway } from "./support/harness.ts";
import { rawAnswer, rawStreamHead, startRawUpstream } from "./support/raw-upstream.ts";

// Servers with the APIs of Anthropic and Gemini that are not theirs, as clients of chat get them.

const endings: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of endings.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

async function inFrontOf(
  answer: (Buffer | string)[],
  type: "anthropic" | "google" = "anthropic",
): Promise<TestGateway> {
  const upstream = await startRawUpstream(() => answer);
  endings.push(upstream);
  const env = { UPSTREAM_URL: upstream.url, UPSTREAM_TYPE: type };
  const gateway = await startTestGateway(() => {}, env);
  endings.push(gateway);
  return gateway;
}

const ask = (gateway: TestGateway, stream: boolean): Promise<Response> =>
  gateway.post("/v1/chat/completions", chat({ stream }));

type Fields = Record<string, unknown>;

const event = (one: Fields): string => `event: ${one.type}\ndata: ${JSON.stringify(one)}\n\n`;
const usage = { input_tokens: 5, output_tokens: 1 };
const start = (message: Fields = {}): Fields => ({
  type: "message_start",
  message: { id: "up-1", type: "message", role: "assistant", content: [], usage, ...message },
});
const block = (content_block: Fields): Fields => ({
  type: "content_block_start",
  index: 0,
  content_block,
});
const said = { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "so" } };
const stop = { type: "content_block_stop", index: 0 };
const end = (more: Fields = { usage: { output_tokens: 2 } }): Fields => ({
  type: "message_delta",
  delta: { stop_reason: "end_turn", stop_sequence: null },
  ...more,
});
const last = { type: "message_stop" };
const text = { type: "text", text: "" };

/** All that a stream of chat says, and its calls. */
function toldBy(body: string): { content: string; thought: string; args: string } {
  const told = { content: "", thought: "", args: "" };
  for (const [, json = ""] of body.matchAll(/^data: (\{.*)$/gm)) {
    const chunk = JSON.parse(json);
    if (chunk.error !== undefined) throw new Error(json);
    const delta = chunk.choices[0]?.delta ?? {};
    told.content += delta.content ?? "";
    told.thought += delta.reasoning_content ?? "";
    told.args += delta.tool_calls?.[0]?.function?.arguments ?? "";
  }
  return told;
}

describe("a stream of messages", () => {
  it.each<[string, Fields[]]>([
    ["without its start", [block(text), said, stop, end(), last]],
    ["whose start has no usage", [start({ usage: null }), block(text), said, stop, end(), last]],
    ["whose start has a number as id", [start({ id: 7 }), block(text), said, stop, end(), last]],
    ["whose end has no usage", [start(), block(text), said, stop, end({}), last]],
    ["without the ends of its blocks", [start(), block(text), said, end(), last]],
    ["without the starts of its blocks", [start(), said, stop, end(), last]],
    [
      "with text in the start of a block",
      [start(), block({ ...text, text: "so" }), stop, end(), last],
    ],
    ["with a block without its text", [start(), block({ type: "text" }), said, stop, end(), last]],
    [
      "with events of other kinds",
      [{ type: "news" }, start(), block(text), said, stop, end(), last],
    ],
  ])("%s is whole", async (_, events) => {
    const gateway = await inFrontOf([rawStreamHead("text/event-stream"), ...events.map(event)]);
    const body = await (await ask(gateway, true)).text();
    expect(toldBy(body).content).toBe("so");
    expect(body.trimEnd().endsWith("[DONE]")).toBe(true);
    expect(gateway.rows()).toMatchObject([{ state: "done", status: 200 }]);
  });

  it("has the thoughts that stand in the start of a block", async () => {
    const events = [start(), block({ type: "thinking", thinking: "why" }), stop, end(), last];
    const gateway = await inFrontOf([rawStreamHead("text/event-stream"), ...events.map(event)]);
    expect(toldBy(await (await ask(gateway, true)).text()).thought).toBe("why");
  });
});

describe("a whole message", () => {
  const answer = (more: Fields): string =>
    JSON.stringify({ ...(start().message as Fields), stop_reason: "end_turn", usage, ...more });

  it.each<[string, Fields, Fields]>([
    ["with a text as content", { content: "so" }, { content: "so" }],
    ["without usage", { content: "so", usage: undefined }, { content: "so" }],
    [
      "with null in its usage",
      { content: "so", usage: { ...usage, input_tokens: null } },
      { content: "so" },
    ],
    ["without its type", { content: "so", type: undefined, id: 7 }, { content: "so" }],
    [
      "with a block of an unknown kind",
      { content: [{ type: "mystery" }, { type: "text", text: "so" }] },
      { content: "so" },
    ],
    [
      "with a thought without its signature",
      {
        content: [
          { type: "thinking", thinking: "why" },
          { type: "text", text: "so" },
        ],
      },
      { content: "so", reasoning_content: "why" },
    ],
    [
      "with the text of an object as input",
      { content: [{ type: "tool_use", id: 7, name: "f", input: '{"at":1}' }] },
      { tool_calls: [{ id: "7", function: { name: "f", arguments: '{"at":1}' } }] },
    ],
  ])("%s is read, also instead of a stream", async (_, told, expected) => {
    const gateway = await inFrontOf([rawAnswer(answer(told))]);
    const response = await ask(gateway, false);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ choices: [{ message: expected }] });
    const { content, args } = toldBy(await (await ask(gateway, true)).text());
    expect({ content, args }).toEqual({
      content: expected.content ?? "",
      args: expected.tool_calls === undefined ? "" : '{"at":1}',
    });
  });

  it("without content is a fault", async () => {
    const gateway = await inFrontOf([rawAnswer(answer({ content: null }))]);
    expect((await ask(gateway, false)).status).toBe(502);
  });
});

describe("Gemini's answer", () => {
  const candidate = (parts: Fields[], finishReason?: string): Fields => ({
    candidates: [{ content: { role: "model", parts }, finishReason }],
    usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 2 },
  });

  it("as a list instead of events is a stream", async () => {
    const list = [candidate([{ text: "s" }]), candidate([{ text: "o" }], "STOP")];
    const gateway = await inFrontOf([rawAnswer(JSON.stringify(list))], "google");
    expect(toldBy(await (await ask(gateway, true)).text()).content).toBe("so");
    expect(gateway.rows()).toMatchObject([{ state: "done", input_tokens: 5, output_tokens: 2 }]);
  });

  it.each(["UNEXPECTED_TOOL_CALL", "MISSING_THOUGHT_SIGNATURE"])(
    "that ended with %s is no whole answer",
    async (reason) => {
      const body = JSON.stringify(candidate([{ text: "" }], reason));
      const gateway = await inFrontOf([rawAnswer(body)], "google");
      const response = await ask(gateway, false);
      expect([response.status, await response.text()]).toEqual([
        502,
        expect.stringContaining(reason),
      ]);
    },
  );
});
