import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import Anthropic from "@anthropic-ai/sdk";
import { streamText } from "ai";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { type DialectName, dialects } from "../dialects/all.ts";
import { isErrorEvent } from "../dialects/sse/event-scan.ts";
import { sse } from "../dialects/sse/sse-framing.ts";
import { cannedServer } from "../test/fixtures/canned-server.ts";
import { recordedEvents } from "../test/fixtures/recorded.ts";
import { type Place, PlaceEvents, type QueueForm } from "./place-events.ts";

const place: Place = { position: 3, of: 5, etaSeconds: 12 };
const context = { model: "gpt-4o", framing: sse, mayBegin: false, repeated: () => ({}) };

function eventsFor(dialect: DialectName, form: QueueForm): PlaceEvents {
  return new PlaceEvents({ requestId: "r-1", startedAt: 1_760_000_000_000, dialect }, form);
}

function queueEvent(dialect: DialectName, form: QueueForm, model = "gpt-4o"): string | null {
  return eventsFor(dialect, form).tell(place, { ...context, model });
}

/** The event after the last place. */
function queueDone(dialect: DialectName, form: QueueForm): string | null {
  const events = eventsFor(dialect, form);
  events.tell(place, context);
  return events.done(context);
}

const queue = {
  position: 3,
  of: 5,
  eta_seconds: 12,
  message: "Your query is #3 in the queue",
};
const shared = { apiKey: "not-a-key", maxRetries: 0 };

/** An event as a parser of the standard sees it. */
function parsed(text: string | null): { comments: string[]; events: EventSourceMessage[] } {
  const comments: string[] = [];
  const events: EventSourceMessage[] = [];
  const parser = createParser({
    onEvent: (event) => events.push(event),
    onComment: (comment) => comments.push(comment),
  });
  parser.feed(text ?? "");
  return { comments, events };
}

/** Two places, the end of the wait, then the recorded stream. */
function stream(name: string, dialect: DialectName): string {
  const next = { position: 1, of: 1, etaSeconds: null };
  const events = eventsFor(dialect, "chunk");
  const places = [events.tell(place, context), events.tell(next, context), events.done(context)];
  return places.join("") + recordedEvents(name).join("");
}

describe("the event of a place", () => {
  it("tells a chat client by a comment and a chunk", () => {
    const { comments, events } = parsed(queueEvent("chat", "chunk"));
    expect(comments.map((comment) => comment.trim())).toEqual(["queue-position=3"]);
    expect(events.map(({ data }) => JSON.parse(data))).toEqual([
      {
        id: "r-1",
        object: "chat.completion.chunk",
        created: 1760000000,
        model: "gpt-4o",
        choices: [{ index: 0, delta: {}, finish_reason: null }],
        queue,
        event: {
          type: "status",
          data: { description: "#3 in the queue, about 12 s", done: false },
        },
      },
    ]);
  });

  it("begins exactly as promised", () => {
    expect(queueEvent("chat", "chunk")).toMatch(
      /^: queue-position=3\ndata: \{"id":"r-1","object":"chat\.completion\.chunk","created":1760000000,"model":"gpt-4o","choices":\[\{"index":0,"delta":\{\},"finish_reason":null\}\],"queue":\{"position":3,"of":5,"eta_seconds":12,"message":"Your query is #3 in the queue"\}/,
    );
  });

  it("tells the other dialects in their own forms", () => {
    const text = parsed(queueEvent("completions", "chunk")).events[0];
    expect(JSON.parse(text?.data ?? "")).toMatchObject({ choices: [{ text: "" }], queue });
    const ping = parsed(queueEvent("messages", "chunk")).events[0];
    expect(ping?.event).toBe("ping");
    expect(JSON.parse(ping?.data ?? "")).toEqual({ type: "ping", queue });
    expect(queueEvent("responses", "chunk")).toBe(": queue-position=3\n\n");
  });

  it("is the comment alone, or nothing, where the client says so", () => {
    for (const dialect of ["chat", "completions", "messages", "responses"] as const) {
      expect(queueEvent(dialect, "comment")).toBe(": queue-position=3\n\n");
      expect(queueEvent(dialect, "off")).toBeNull();
      expect(queueDone(dialect, "off")).toBeNull();
    }
  });

  it("takes Open WebUI's line away when the wait is over", () => {
    const { events } = parsed(queueDone("chat", "chunk"));
    expect(JSON.parse(events[0]?.data ?? "")).toMatchObject({
      queue: { position: 0 },
      event: { type: "status", data: { done: true, hidden: true } },
    });
  });

  it("cannot be broken open by a model's name", () => {
    const odd = 'a"\n\ndata: [DONE]\r\u2028\u0085\ud800é';
    const event = queueEvent("chat", "chunk", odd) ?? "";
    expect(event).toMatch(/^: queue-position=3\ndata: [\x20-\x7e]+\n\n$/);
    expect(JSON.parse(parsed(event).events[0]?.data ?? "").model).toBe(odd);
  });

  it("is no token, usage, error or end", () => {
    for (const dialect of ["chat", "completions", "messages", "responses"] as const) {
      for (const event of [queueEvent(dialect, "chunk"), queueDone(dialect, "chunk")]) {
        expect(dialects[dialect].events.generated(event ?? "")).toBe("");
        expect(dialects[dialect].events.carriesUsage(event ?? "")).toBe(false);
        expect(isErrorEvent(event ?? "")).toBe(false);
        expect(dialects[dialect].events.isLast(event ?? "")).toBe(false);
      }
    }
  });
});

describe("before an answer, places disturb no real client", () => {
  it("openai, chat: raw, where they are seen, and by .stream()", async () => {
    await using server = await cannedServer(200, stream("chat-stream", "chat"));
    const client = new OpenAI({ ...shared, baseURL: `${server.url}/v1` });
    const asked = { model: "m", messages: [] };
    const seen: unknown[] = [];
    for await (const chunk of await client.chat.completions.create({ ...asked, stream: true })) {
      if ("queue" in chunk) seen.push(chunk.queue);
    }
    expect(seen).toMatchObject([{ position: 3 }, { position: 1 }, { position: 0 }]);
    const whole = await client.chat.completions.stream(asked).finalChatCompletion();
    expect(whole.choices[0]?.message.content).toBe("ing^*ps");
  });

  it("openai, text completions", async () => {
    await using server = await cannedServer(200, stream("completions-stream", "completions"));
    const client = new OpenAI({ ...shared, baseURL: `${server.url}/v1` });
    let text = "";
    const asked = { model: "m", prompt: "a", stream: true } as const;
    for await (const chunk of await client.completions.create(asked)) {
      text += chunk.choices[0]?.text;
    }
    expect(text).toBe("heJin the0");
  });

  it("openai, responses", async () => {
    await using server = await cannedServer(200, stream("responses-stream", "responses"));
    const client = new OpenAI({ ...shared, baseURL: `${server.url}/v1` });
    let text = "";
    const asked = { model: "m", input: "a", stream: true } as const;
    for await (const event of await client.responses.create(asked)) {
      if (event.type === "response.output_text.delta") text += event.delta;
    }
    expect(text).toBe("gmOm*");
  });

  it("@anthropic-ai/sdk: raw and by .stream()", async () => {
    await using server = await cannedServer(200, stream("messages-stream", "messages"));
    const client = new Anthropic({ ...shared, baseURL: server.url });
    const asked = { model: "m", max_tokens: 5, messages: [] };
    const whole = await client.messages.stream(asked).finalMessage();
    expect(whole.content).toMatchObject([{ type: "text", text: "k| thek5" }]);
  });

  it("ai with @ai-sdk/openai-compatible", async () => {
    await using server = await cannedServer(200, stream("chat-stream", "chat"));
    const provider = createOpenAICompatible({ name: "x", baseURL: `${server.url}/v1` });
    const result = streamText({ model: provider("m"), prompt: "a", maxRetries: 0 });
    expect(await result.text).toBe("ing^*ps");
  });
});
