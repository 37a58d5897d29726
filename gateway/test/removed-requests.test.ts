import { createOpenAI } from "@ai-sdk/openai";
import { streamText } from "ai";
import OpenAI from "openai";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { type Holding, holding, inLine } from "./support/holding.ts";

let gateway: TestGateway;
let upstream: Holding;
let first: Promise<Response>;

/** Bob's request has the only slot. */
beforeEach(async () => {
  upstream = holding();
  gateway = await startTestGateway(upstream.handler, { UPSTREAM_TYPE: "llamacpp" });
  first = gateway.post("/v1/chat/completions", chat(), { user: "bob" });
  await inLine(gateway, { active: 1 });
});
afterEach(async () => {
  upstream.releaseAll();
  await (await first).text();
  await gateway.stop();
});

/** Takes the one waiting request out of the queue. */
async function remove(): Promise<void> {
  await inLine(gateway, { waiting: 1 });
  const headers = { authorization: `Bearer ${gateway.keys.admin}` };
  const queue = (await (await fetch(`${gateway.url}/queue`, { headers })).json()) as {
    data: { id: string; state: string }[];
  };
  const waiting = queue.data.find(({ state }) => state === "waiting");
  await fetch(`${gateway.url}/queue/${waiting?.id}`, { method: "DELETE", headers });
}

type Event = Record<string, unknown>;

async function eventsOf(path: string, body: object): Promise<Event[]> {
  const answer = gateway.post(path, { ...body, stream: true });
  await remove();
  const text = await (await answer).text();
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? "") as Event);
}

/** How many requests of alice were accepted. */
const tries = (): number => gateway.rows().filter(({ user }) => user === "alice").length;

describe("a request that is removed from the queue", () => {
  it("ends a chat with place 0 and then an error: else the place stands beside it for good", async () => {
    const events = await eventsOf("/v1/chat/completions", chat());
    expect(events.at(-2)).toMatchObject({
      queue: { position: 0 },
      event: { type: "status", data: { done: true, hidden: true } },
    });
    expect(events.at(-1)).toEqual({
      error: {
        message: "The request was removed from the queue.",
        type: "invalid_request_error",
        param: null,
        code: "cancelled",
      },
    });
  });

  it("fails a response as one that is not worth another try, in numbered events", async () => {
    const body = { model: "m", input: "hi", temperature: 0.5, metadata: { a: "b" } };
    const events = await eventsOf("/v1/responses", body);
    expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, at) => at));
    expect(events[0]).toMatchObject({
      type: "response.created",
      response: { status: "queued", temperature: 0.5, metadata: { a: "b" } },
    });
    const [failed, error] = events.slice(-2);
    const { id } = (events[0]?.response ?? {}) as { id?: string };
    expect(id).toMatch(/^resp_/);
    expect(failed).toMatchObject({
      type: "response.failed",
      response: { id, status: "failed", error: { code: "invalid_prompt" } },
    });
    expect(error).toMatchObject({
      type: "error",
      code: "cancelled",
      message: "The request was removed from the queue.",
      param: null,
    });
  });

  it.each(["chat", "responses"] as const)("is not sent again by the AI SDK: %s", async (api) => {
    const provider = createOpenAI({
      baseURL: `${gateway.url}/v1`,
      apiKey: String(gateway.keys.alice),
    });
    const errors: unknown[] = [];
    const model = provider[api]("m");
    const onError = ({ error }: { error: unknown }): void => void errors.push(error);
    const { fullStream } = streamText({ model, prompt: "hi", onError });
    const read = (async () => {
      for await (const _ of fullStream);
    })();
    await remove();
    await read;
    expect(JSON.stringify(errors) + String(errors[0])).toContain("removed from the queue");
    expect(tries()).toBe(1);
  });

  it.each(["create", "stream"] as const)("is raised by openai's responses.%s", async (way) => {
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: gateway.keys.alice });
    const asked = { model: "m", input: "hi", stream: true } as const;
    const read = async (): Promise<void> => {
      if (way === "stream") await client.responses.stream(asked).finalResponse();
      else for await (const _ of await client.responses.create(asked));
    };
    const failure = read().then(
      () => "no error",
      (error: Error) => error.message,
    );
    await remove();
    expect(await failure).toContain("removed from the queue");
    expect(tries()).toBe(1);
  });
});

describe("an error in the middle of a response", () => {
  it("has a number that follows those before it", async () => {
    await inLine(gateway, { active: 1 });
    upstream.releaseAll();
    await until(async () => (await gateway.health()).line.active === 0, "the slot is free");
    gateway.upstream.answer((_seen, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const events = ["response.created", "response.in_progress", "response.output_item.added"];
      const text = events.map((type, sequence_number) => {
        const data = JSON.stringify({ type, sequence_number, response: { id: "resp_1" } });
        return `event: ${type}\ndata: ${data}\n\n`;
      });
      response.write(`: hello\n\n${text.join("")}`, () => response.destroy());
    });
    const asked = { model: "m", input: "hi", stream: true };
    const text = await (await gateway.post("/v1/responses", asked)).text();
    const numbers = [...text.matchAll(/"sequence_number":(\d+)/g)].map(([, one]) => Number(one));
    expect(numbers).toEqual([0, 1, 2, 3, 4]);
    expect(text).toContain('"code":"server_error","message":"The upstream broke off its answer."');
  });
});
