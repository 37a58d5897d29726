import { afterEach, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/harness.ts";
import { rawAnswer, rawStreamHead, startRawUpstream } from "./support/raw-upstream.ts";

// Chats of servers that take the types of OpenAI's fields lightly, as clients of Messages get them.

const endings: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of endings.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

/** A gateway in front of a server that knows chats alone. */
async function inFrontOf(answer: (Buffer | string)[]): Promise<TestGateway> {
  const upstream = await startRawUpstream(({ path }) =>
    path === "/v1/chat/completions" ? answer : [rawAnswer("{}", "application/json", [], 404)],
  );
  endings.push(upstream);
  const gateway = await startTestGateway(() => {}, { UPSTREAM_URL: upstream.url });
  endings.push(gateway);
  return gateway;
}

type Told = { content: unknown[]; stop_reason: string };

const ask = (gateway: TestGateway, stream: boolean): Promise<Response> =>
  gateway.post("/v1/messages", {
    model: "m",
    max_tokens: 9,
    stream,
    messages: [{ role: "user", content: "hi" }],
    tools: [
      { name: "look", input_schema: { type: "object", properties: {} } },
      { name: "move", input_schema: { type: "object", properties: {} } },
    ],
  });

/** What a whole answer with this choice tells. */
async function wholeOf(choice: object, more: object = {}): Promise<Told> {
  const body = JSON.stringify({ id: "up-1", choices: [choice], ...more });
  const response = await ask(await inFrontOf([rawAnswer(body)]), false);
  expect(response.status).toBe(200);
  return (await response.json()) as Told;
}

/** What a stream of these choices tells, put together as a client does it. */
async function streamOf(choices: readonly object[], more: object = {}): Promise<Told> {
  const events = choices.map(
    (choice) => `data: ${JSON.stringify({ id: "up-1", choices: [choice], ...more })}\n\n`,
  );
  const response = await ask(
    await inFrontOf([rawStreamHead("text/event-stream"), ...events]),
    true,
  );
  return toldBy(await response.text());
}

function toldBy(text: string): Told {
  const told: Told = { content: [], stop_reason: "" };
  const blocks: Record<string, string>[] = [];
  for (const [, json = ""] of text.matchAll(/^data: (.*)$/gm)) {
    const event = JSON.parse(json);
    if (event.type === "error") throw new Error(json);
    if (event.type === "content_block_start") blocks.push({ ...event.content_block, json: "" });
    const { type: _type, partial_json: piece, ...said } = event.delta ?? {};
    const block = blocks.at(-1) ?? {};
    if (event.type === "content_block_delta") {
      for (const [name, value] of Object.entries(said)) block[name] += String(value);
      block.json += piece ?? "";
    }
    if (event.type === "message_delta") told.stop_reason = said.stop_reason;
  }
  told.content = blocks.map(({ json, ...block }) =>
    block.type === "tool_use" ? { ...block, input: JSON.parse(json || "{}") } : block,
  );
  return told;
}

const call = { id: "call_1", type: "function", function: { name: "look", arguments: '{"at":1}' } };
const used = { type: "tool_use", id: "call_1", name: "look", input: { at: 1 } };

describe("a call", () => {
  it.each<[string, unknown, object]>([
    [
      "with an object as arguments",
      { ...call, function: { name: "look", arguments: { at: 1 } } },
      used,
    ],
    [
      "with null as arguments",
      { ...call, function: { name: "look", arguments: null } },
      { ...used, input: {} },
    ],
    ["without arguments", { ...call, function: { name: "look" } }, { ...used, input: {} }],
    [
      "with its arguments in a list of pieces",
      { ...call, function: { name: "look", arguments: ['{"at":', "1}"] } },
      used,
    ],
    ["with a number as id", { ...call, id: 7 }, { ...used, id: "7" }],
    ["with its name beside the id", { id: "call_1", name: "look", arguments: '{"at":1}' }, used],
  ])("%s is understood, whole and streamed", async (_, told, expected) => {
    const message = { role: "assistant", content: null, tool_calls: [told] };
    const whole = await wholeOf({ index: 0, message, finish_reason: "tool_calls" });
    expect(whole).toMatchObject({ content: [expected], stop_reason: "tool_use" });
    const streamed = await streamOf([{ index: 0, delta: message, finish_reason: "tool_calls" }]);
    expect(streamed).toMatchObject({ content: [expected], stop_reason: "tool_use" });
  });

  it.each([
    ["alone instead of a list", { tool_calls: call }],
    ["as an object with numbers as names", { tool_calls: { 0: call } }],
    ["as the older function_call", { function_call: call.function }],
  ])("that stands %s is not lost", async (_, said) => {
    const choice = { index: 0, finish_reason: "function_call" };
    const expected = { content: [{ type: "tool_use", name: "look", input: { at: 1 } }] };
    expect(await wholeOf({ ...choice, message: said })).toMatchObject(expected);
    expect(await streamOf([{ ...choice, delta: said }])).toMatchObject(expected);
  });

  it("keeps numbers in an object of arguments that no JavaScript number holds", async () => {
    const told = { ...call, function: { name: "look", arguments: { at: "BIG" } } };
    const choice = { index: 0, delta: { tool_calls: [told] }, finish_reason: "tool_calls" };
    const event = JSON.stringify({ choices: [choice] }).replace('"BIG"', "1234567890123456789");
    const gateway = await inFrontOf([rawStreamHead("text/event-stream"), `data: ${event}\n\n`]);
    expect(await (await ask(gateway, true)).text()).toContain("1234567890123456789");
  });

  it.each([
    ["numbered by texts", "0", "1"],
    ["all with the number 0", 0, 0],
    ["without numbers", undefined, undefined],
  ])("is kept apart from the next, %s; also where the stream is put together", async (_, a, b) => {
    const second = { id: "call_2", function: { name: "move", arguments: "{}" } };
    const choices = [
      { index: 0, delta: { tool_calls: [{ ...call, index: a }] } },
      { index: 0, delta: { tool_calls: [{ ...second, index: b }] }, finish_reason: "tool_calls" },
    ];
    const expected = { content: [used, { type: "tool_use", name: "move", input: {} }] };
    expect(await streamOf(choices)).toMatchObject(expected);

    const events = choices.map((choice) => `data: ${JSON.stringify({ choices: [choice] })}\n\n`);
    const gateway = await inFrontOf([rawStreamHead("text/event-stream"), ...events]);
    expect(await (await ask(gateway, false)).json()).toMatchObject(expected);
    const body = { model: "m", messages: [{ role: "user", content: "hi" }] };
    const chat = await gateway.post("/v1/chat/completions", body);
    expect(await chat.json()).toMatchObject({
      choices: [{ message: { tool_calls: [{ id: "call_1" }, { id: "call_2" }] } }],
    });
  });
});

describe("what a model says", () => {
  it.each([
    ["reasoning_content", "why"],
    ["reasoning", { content: "why" }],
    ["reasoning_text", "why"],
    ["thinking", "why"],
    ["reasoning_details", [{ type: "reasoning.text", text: "why" }]],
  ])("has its thoughts under the name %s", async (name, thought) => {
    const content = [
      { type: "thinking", thinking: "why" },
      { type: "text", text: "so" },
    ];
    const said = { [name]: thought, content: "so" };
    expect(await wholeOf({ message: said, finish_reason: "stop" })).toMatchObject({ content });
    expect(
      await streamOf([
        { delta: { [name]: thought } },
        { delta: { content: "so" }, finish_reason: "stop" },
      ]),
    ).toMatchObject({ content });
  });

  it.each([
    ["as an object", { content: { text: "so" } }],
    ["as a list of texts", { content: ["so"] }],
    ["with another role", { role: "model", content: "so" }],
  ])("is read, %s", async (_, said) => {
    const content = [{ type: "text", text: "so" }];
    expect(await wholeOf({ message: said, finish_reason: "stop" })).toMatchObject({ content });
    expect(await streamOf([{ delta: said, finish_reason: "stop" }])).toMatchObject({ content });
  });

  it("stands in the message of a stream, or in the text of a choice", async () => {
    const content = [{ type: "text", text: "so" }];
    const message = { role: "assistant", content: "so" };
    expect(await streamOf([{ message, finish_reason: "stop" }])).toMatchObject({ content });
    expect(await wholeOf({ text: "so", finish_reason: "stop" })).toMatchObject({ content });
  });

  it("is a fault if a whole answer says nothing", async () => {
    const body = JSON.stringify({ choices: [{ index: 0, message: null, finish_reason: "stop" }] });
    expect((await ask(await inFrontOf([rawAnswer(body)]), false)).status).toBe(502);
  });
});

describe("an answer", () => {
  it.each([
    ["max_tokens", "max_tokens"],
    ["MAX_TOKENS", "max_tokens"],
    ["model_length", "max_tokens"],
    ["eos", "end_turn"],
    ["sensitive", "refusal"],
  ])("that ended because of %s ends with %s", async (reason, expected) => {
    const choice = { index: 0, delta: { content: "so" }, finish_reason: reason };
    expect((await streamOf([choice])).stop_reason).toBe(expected);
    expect((await wholeOf({ ...choice, message: choice.delta })).stop_reason).toBe(expected);
  });

  it("with a time, a model and an id of other types is read", async () => {
    const odd = { id: 5, created: "12", model: null };
    const said = { content: "so" };
    const content = [{ type: "text", text: "so" }];
    expect(await wholeOf({ message: said, finish_reason: "stop" }, odd)).toMatchObject({ content });
    const choices = [{ delta: said, finish_reason: "stop" }];
    expect(await streamOf(choices, { ...odd, created: 1.5 })).toMatchObject({ content });
  });

  it("with events without data and choices that are null is read", async () => {
    const events = [
      'data: {"choices":[{"delta":{"content":"so"}}]}\n\n',
      ...["data:\n\n", "data: \n\n", "event: ping\n\n", 'data: {"choices":[null]}\n\n'],
      'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n',
    ];
    const gateway = await inFrontOf([rawStreamHead("text/event-stream"), ...events]);
    const { content } = toldBy(await (await ask(gateway, true)).text());
    expect(content).toEqual([{ type: "text", text: "so" }]);
  });
});
