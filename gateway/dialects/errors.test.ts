import { createOpenAI } from "@ai-sdk/openai";
import Anthropic from "@anthropic-ai/sdk";
import { streamText } from "ai";
import OpenAI from "openai";
import { describe, expect, it } from "vitest";
import { type ErrorCode, errorCodes, GatewayError } from "../errors.ts";
import { cannedServer } from "../test/fixtures/canned-server.ts";
import { recordedEvents } from "../test/fixtures/recorded.ts";
import { type DialectName, dialects } from "./all.ts";

function errorBody(error: GatewayError, dialect: DialectName, requestId: string): string {
  return dialects[dialect].errors.body(error, requestId);
}

function errorEvent(error: GatewayError, dialect: DialectName, requestId: string, events = 0) {
  const stream = { requestId, answerId: null, model: "m", startedAt: 5_000, events, request: {} };
  return dialects[dialect].errors.event(error, stream);
}

const full = new GatewayError("queue_full", "The line is full.", { extra: { waiting: 9 } });
const codes = Object.keys(errorCodes) as ErrorCode[];
const shared = { apiKey: "not-a-key", maxRetries: 0 };

function body(error: GatewayError, dialect: DialectName): unknown {
  return JSON.parse(errorBody(error, dialect, "r-1"));
}

/** The first events of a recorded stream, then the error in its midst. */
function broken(name: string, dialect: DialectName): string {
  return recordedEvents(name).slice(0, 4).join("") + errorEvent(full, dialect, "r-1");
}

async function failure(run: () => Promise<unknown>): Promise<unknown> {
  try {
    await run();
  } catch (error) {
    return error;
  }
  return "no error";
}

async function drain(stream: AsyncIterable<unknown>): Promise<number> {
  let seen = 0;
  for await (const _ of stream) seen += 1;
  return seen;
}

describe("errorBody", () => {
  it("has OpenAI's four keys for every code, and a string as code", () => {
    for (const code of codes) {
      const error = new GatewayError(code, "no");
      expect(body(error, "chat")).toEqual({
        error: { message: "no", type: errorCodes[code].type, param: null, code },
      });
    }
  });

  it("names the field, shows the upstream's code, and keeps further fields out of the four", () => {
    const error = new GatewayError("upstream_rejected", "Too long.", {
      param: "messages",
      shownCode: "context_length_exceeded",
      extra: { n_ctx: 4096, message: "other", code: 7 },
    });
    expect(body(error, "responses")).toEqual({
      error: {
        message: "Too long.",
        type: "invalid_request_error",
        param: "messages",
        code: "context_length_exceeded",
        n_ctx: 4096,
      },
    });
  });

  it.each([
    ["invalid_json", "invalid_request_error"],
    ["invalid_api_key", "authentication_error"],
    ["not_allowed", "permission_error"],
    ["model_not_found", "not_found_error"],
    ["body_too_large", "request_too_large"],
    ["rate_limit_exceeded", "rate_limit_error"],
    ["internal_error", "api_error"],
    ["upstream_error", "api_error"],
    ["queue_full", "overloaded_error"],
    ["upstream_timeout", "timeout_error"],
    ["overloaded", "overloaded_error"],
  ] as const)("calls %s %s in Anthropic's words", (code, type) => {
    expect(body(new GatewayError(code, "no"), "messages")).toEqual({
      type: "error",
      error: { type, message: "no" },
      request_id: "r-1",
    });
  });

  it("has Gemini's numbers and names", () => {
    expect(body(new GatewayError("rate_limit_exceeded", "no"), "gemini")).toEqual({
      error: { code: 429, message: "no", status: "RESOURCE_EXHAUSTED" },
    });
  });

  it("is ASCII, so that no line separator in a message ends an event", () => {
    const error = new GatewayError("invalid_request", "a\u2028b\u0085c\né\ud800");
    const text = errorEvent(error, "chat", "r-1");
    expect(text).toMatch(/^[\x20-\x7e]+\n\n$/);
    expect(JSON.parse(text.slice(6))).toMatchObject({ error: { message: error.message } });
  });
});

describe("with a real status, the real clients raise the body", () => {
  it("openai", async () => {
    await using server = await cannedServer(503, errorBody(full, "chat", "r-1"));
    const client = new OpenAI({ ...shared, baseURL: `${server.url}/v1` });
    const error = await failure(() => client.chat.completions.create({ model: "m", messages: [] }));
    expect(error).toBeInstanceOf(OpenAI.InternalServerError);
    expect(error).toMatchObject({ status: 503, code: "queue_full", type: "server_error" });
  });

  it("@anthropic-ai/sdk", async () => {
    const limit = new GatewayError("rate_limit_exceeded", "Slower.");
    await using server = await cannedServer(429, errorBody(limit, "messages", "r-1"));
    const client = new Anthropic({ ...shared, baseURL: server.url });
    const error = await failure(() =>
      client.messages.create({ model: "m", max_tokens: 1, messages: [] }),
    );
    expect(error).toBeInstanceOf(Anthropic.RateLimitError);
    expect(error).toMatchObject({ status: 429, type: "rate_limit_error" });
  });
});

describe("in a stream that has its 200, the real clients raise the event", () => {
  const wanted = { message: expect.stringContaining("The line is full."), code: "queue_full" };

  it("openai, chat and text completions", async () => {
    for (const dialect of ["chat", "completions"] as const) {
      await using server = await cannedServer(200, broken(`${dialect}-stream`, dialect));
      const client = new OpenAI({ ...shared, baseURL: `${server.url}/v1` });
      const run = {
        chat: () => client.chat.completions.create({ model: "m", messages: [], stream: true }),
        completions: () => client.completions.create({ model: "m", prompt: "a", stream: true }),
      };
      const error = await failure(async () => drain(await run[dialect]()));
      expect(error).toBeInstanceOf(OpenAI.APIError);
      expect(error).toMatchObject(wanted);
    }
  });

  it("openai, responses: raw and by .stream()", async () => {
    const asked = { model: "m", input: "a" };
    await using server = await cannedServer(200, broken("responses-stream", "responses"));
    const client = new OpenAI({ ...shared, baseURL: `${server.url}/v1` });
    const raw = await failure(async () =>
      drain(await client.responses.create({ ...asked, stream: true })),
    );
    expect(raw).toMatchObject(wanted);
    // Alone in the stream: what llama-server sends before it is not complete enough for .stream().
    await using bare = await cannedServer(200, errorEvent(full, "responses", "r-1"));
    const other = new OpenAI({ ...shared, baseURL: `${bare.url}/v1` });
    const helped = await failure(() => other.responses.stream(asked).finalResponse());
    expect(helped).toMatchObject(wanted);
  });

  it("@anthropic-ai/sdk: raw and by .stream()", async () => {
    const asked = { model: "m", max_tokens: 9, messages: [] };
    await using server = await cannedServer(200, broken("messages-stream", "messages"));
    const client = new Anthropic({ ...shared, baseURL: server.url });
    const raw = await failure(async () =>
      drain(await client.messages.create({ ...asked, stream: true })),
    );
    expect(raw).toBeInstanceOf(Anthropic.APIError);
    expect(raw).toMatchObject({ type: "overloaded_error" });
    const helped = await failure(() => client.messages.stream(asked).finalMessage());
    expect(helped).toMatchObject({ type: "overloaded_error" });
  });

  it("ai with @ai-sdk/openai, responses and chat", async () => {
    for (const dialect of ["responses", "chat"] as const) {
      await using server = await cannedServer(200, errorEvent(full, dialect, "r-1"));
      const provider = createOpenAI({ apiKey: "not-a-key", baseURL: `${server.url}/v1` });
      const errors: unknown[] = [];
      const result = streamText({
        model: dialect === "chat" ? provider.chat("m") : provider.responses("m"),
        prompt: "a",
        maxRetries: 0,
        onError: ({ error }) => {
          errors.push(error);
        },
      });
      await drain(result.fullStream);
      expect(JSON.stringify(errors) + String(errors[0])).toContain("The line is full.");
    }
  });
});
