import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway } from "./support/harness.ts";
import {
  type RawAnswer,
  type RawAsked,
  type RawUpstream,
  rawAnswer,
  rawStreamHead,
  startRawUpstream,
} from "./support/raw-upstream.ts";

// What real servers send, other than the texts of their APIs say.

const endings: AsyncDisposable[] = [];
afterEach(async () => {
  for (const one of endings.splice(0).reverse()) await one[Symbol.asyncDispose]();
});

type Place = { gateway: TestGateway; upstream: RawUpstream };

async function inFrontOf(
  answer: (asked: RawAsked) => RawAnswer,
  env: Record<string, string> = {},
): Promise<Place> {
  const upstream = await startRawUpstream(answer);
  endings.push(upstream);
  const gateway = await startTestGateway(() => {}, { UPSTREAM_URL: upstream.url, ...env });
  endings.push(gateway);
  return { gateway, upstream };
}

const data = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const chunk = (delta: object, reason: string | null = null, more: object = {}): string =>
  data({
    id: "up-1",
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason: reason, ...more }],
  });
const usage = data({ id: "up-1", choices: [], usage: { prompt_tokens: 5, completion_tokens: 2 } });
const done = "data: [DONE]\n\n";
const hello = chunk({ content: "hello" });
const stop = chunk({}, "stop");
const whole = JSON.stringify({
  id: "up-1",
  object: "chat.completion",
  choices: [{ index: 0, message: { role: "assistant", content: "hi" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 5, completion_tokens: 2 },
});

async function stream({ gateway }: Place, fields: object = {}): Promise<[Response, string]> {
  const response = await gateway.post("/v1/chat/completions", chat({ stream: true, ...fields }));
  return [response, await response.text()];
}

const counted = { state: "done", status: 200, input_tokens: 5, output_tokens: 2 };

describe("a stream", () => {
  const plain = hello + stop + usage + done;
  it.each([
    ["with CRLF", plain.replaceAll("\n", "\r\n")],
    ["with CR alone", plain.replaceAll("\n", "\r")],
    ["with a CRLF ping before its LF events", `: ping\r\n\r\n${plain}`],
    ["with CRLF blank lines after LF lines", plain.replaceAll("\n\n", "\n\r\n")],
    ["with a byte order mark", `\ufeff${plain}`],
    ["without [DONE]", hello + stop + usage],
    ["with spaces around [DONE]", plain.replace("data: [DONE]", "data:   [DONE]  ")],
    ["with [DONE] in the event before it", plain.replace("\n\ndata: [DONE]", "\ndata: [DONE]")],
    ["that tells its usage after [DONE]", hello + stop + done + usage],
    ["without its last blank line", plain.trimEnd()],
    ["with ids and retries", plain.replaceAll("data:", "id: 7\nretry: 5\ndata:")],
    ["with named events", plain.replaceAll("data: {", "event: chunk\ndata: {")],
  ])("%s is whole, has our id, and is counted", async (_, text) => {
    const place = await inFrontOf(() => [rawStreamHead("text/event-stream"), text]);
    const [response, body] = await stream(place);
    expect(response.status).toBe(200);
    const id = response.headers.get("x-request-id") ?? "";
    const events = body.split("\n\n").filter((event) => event.includes('"choices"'));
    expect(events.length).toBe(2);
    for (const event of events) expect(event).toContain(`"id":"${id}"`);
    expect(body).toContain("hello");
    expect(body.trimEnd().endsWith("[DONE]")).toBe(true);
    expect(body).not.toContain("error");
    expect(place.gateway.rows()).toMatchObject([counted]);
  });

  it("that was cut before it said how it ended is an error", async () => {
    const place = await inFrontOf(() => [rawStreamHead("text/event-stream"), hello]);
    const [, body] = await stream(place);
    expect(body).toContain("before it was complete");
    expect(place.gateway.rows()).toMatchObject([{ state: "failed", status: 502 }]);
  });

  it("of two choices is cut if only one of them has ended", async () => {
    const place = await inFrontOf(() => [rawStreamHead("text/event-stream"), hello + stop]);
    const [, body] = await stream(place, { n: 2 });
    expect(body).toContain("before it was complete");
  });

  it.each([
    null,
    "application/json",
    "application/octet-stream",
    "Text/Event-Stream",
    "application/json, text/event-stream",
  ])("is known by its bytes, under the type %s", async (type) => {
    const place = await inFrontOf(() => [
      rawStreamHead(type),
      20,
      plain.slice(0, 3),
      20,
      plain.slice(3),
    ]);
    const [response, body] = await stream(place);
    expect(response.headers.get("content-type")).toMatch(/^text\/event-stream/);
    expect(body).not.toContain("usage");
    expect(place.gateway.rows()).toMatchObject([counted]);
  });

  it("says to proxies that they must not hold it back, and keeps what its server says", async () => {
    const head = rawStreamHead("text/event-stream", ["Cache-Control: no-store"]);
    const [response] = await stream(await inFrontOf(() => [head, plain]));
    expect(response.headers.get("x-accel-buffering")).toBe("no");
    expect(response.headers.get("cache-control")).toBe("no-store, no-transform");
  });

  it("to a client that wants JSON is put together", async () => {
    const place = await inFrontOf(() => [rawStreamHead("text/event-stream"), plain]);
    const response = await place.gateway.post("/v1/chat/completions", chat());
    expect(response.headers.get("content-type")).toMatch(/^application\/json/);
    expect(await response.json()).toMatchObject({ choices: [{ message: { content: "hello" } }] });
    expect(place.gateway.rows()).toMatchObject([counted]);
  });
});

describe("JSON", () => {
  it.each([
    ["without a type", rawAnswer(whole, null)],
    ["as text", rawAnswer(whole, "text/plain")],
    ["as a stream", rawAnswer(whole, "text/event-stream")],
    ["with [DONE] behind it", rawAnswer(`${whole}\n\ndata: [DONE]\n\n`)],
  ])("%s is read", async (_, bytes) => {
    const { gateway } = await inFrontOf(() => [bytes]);
    const response = await gateway.post("/v1/chat/completions", chat());
    expect(response.headers.get("content-type")).toMatch(/json/);
    expect(await response.json()).toMatchObject({ usage: { completion_tokens: 2 } });
    expect(gateway.rows()).toMatchObject([counted]);
  });
});

describe("a stream of Responses", () => {
  const named = (type: string, more: object = {}): string =>
    `event: ${type}\n${data({ type, sequence_number: 0, ...more })}`;
  const response = { id: "resp_1", object: "response", created_at: 1, model: "m", output: [] };
  const begun = named("response.created", { response: { ...response, status: "in_progress" } });
  const at = { item_id: "msg_1", output_index: 0, content_index: 0 };
  const part = named("response.output_text.delta", { ...at, delta: "hello", logprobs: [] });
  const usage = { input_tokens: 5, output_tokens: 2, total_tokens: 7 };
  const completed = named("response.completed", {
    response: { ...response, status: "completed", usage },
  });

  async function asked(text: string, path: string, env: Record<string, string> = {}) {
    const place = await inFrontOf(() => [rawStreamHead("text/event-stream"), text], env);
    const body = { model: "m", stream: true, input: "hi", messages: chat().messages };
    return {
      text: await (await place.gateway.post(path, body)).text(),
      rows: place.gateway.rows(),
    };
  }

  it("that ends with [DONE] and is not complete is an error", async () => {
    const cut = await asked(begun + part + done, "/v1/responses");
    expect(cut.text).toContain("before it was complete");
    expect(cut.text).not.toContain("[DONE]");
    expect(cut.rows).toMatchObject([{ state: "failed" }]);
    const env = { UPSTREAM_API: "responses" };
    const converted = await asked(begun + part + done, "/v1/chat/completions", env);
    expect(converted.text).toContain("before it was complete");
    expect(converted.rows).toMatchObject([{ state: "failed" }]);
  });

  it("that is complete may have [DONE] behind it", async () => {
    const { text, rows } = await asked(begun + part + completed + done, "/v1/responses");
    expect(text.trimEnd().endsWith(completed.trimEnd())).toBe(true);
    expect(rows).toMatchObject([counted]);
  });
});

describe("an answer that is compressed although nobody asked for that", () => {
  const codings: [string, (bytes: string) => Buffer][] = [
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
    ["zstd", zstdCompressSync],
  ];
  it.each(codings)(
    "with %s is inflated: whole, streamed, converted, an error",
    async (name, by) => {
      const header = [`Content-Encoding: ${name}`];
      const { gateway } = await inFrontOf(({ path, body }) => {
        if (path !== "/v1/chat/completions") return [rawAnswer("{}", "application/json", [], 404)];
        if (body.includes("fail")) {
          return [
            rawAnswer(by('{"error":{"message":"too long"}}'), "application/json", header, 400),
          ];
        }
        if (!body.includes('"stream":true'))
          return [rawAnswer(by(whole), "application/json", header)];
        return [rawStreamHead("text/event-stream", header), by(hello + stop + usage + done)];
      });
      for (const path of ["/v1/chat/completions", "/v1/messages"]) {
        for (const streams of [false, true]) {
          const response = await gateway.post(path, chat({ max_tokens: 9, stream: streams }));
          expect(response.headers.get("content-encoding")).toBeNull();
          expect(await response.text()).toMatch(streams ? /hello/ : /hi/);
        }
      }
      const failed = await gateway.post("/v1/chat/completions", chat({ user: "fail" }));
      expect([failed.status, await failed.text()]).toEqual([
        400,
        expect.stringContaining("too long"),
      ]);
      expect(gateway.rows().slice(0, 4)).toMatchObject([counted, counted, counted, counted]);
    },
  );

  it("and is not what it says is an error of the upstream", async () => {
    const bytes = rawAnswer("no gzip", "application/json", ["Content-Encoding: gzip"]);
    const { gateway } = await inFrontOf(() => [bytes]);
    const response = await gateway.post("/v1/chat/completions", chat());
    expect(response.status).toBe(502);
    expect(await response.text()).toContain("not compressed as it says");
  });
});

describe("heads", () => {
  it("an unasked 100 is skipped, in whatever pieces it comes", async () => {
    const interim = "HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\n";
    const answers: RawAnswer[] = [
      [interim, 20, rawAnswer(whole)],
      [interim + interim, rawAnswer(whole)],
      [interim.slice(0, 9), 20, interim.slice(9, 30), 20, interim.slice(30), rawAnswer(whole)],
    ];
    const { gateway } = await inFrontOf(() => answers.shift() ?? []);
    for (let count = 0; count < 3; count++) {
      expect((await gateway.post("/v1/chat/completions", chat())).status).toBe(200);
    }
  });

  it("a redirect is told with its target, without what may be secret in it", async () => {
    const to = ["Location: https://u:p@other.example/v1/x?key=s"];
    const { gateway } = await inFrontOf(() => [rawAnswer("", "text/html", to, 301)]);
    const response = await gateway.post("/v1/chat/completions", chat());
    const text = await response.text();
    expect(response.status).toBe(502);
    expect(text).toContain("redirects to https://other.example/v1/x (301)");
    expect(text).not.toMatch(/key=s|u:p/);
  });

  const refusing = ({ body }: RawAsked): RawAnswer =>
    body.includes("stream_options")
      ? [rawAnswer('{"detail":"Extra inputs are not permitted"}', "application/json", [], 422)]
      : [rawStreamHead("text/event-stream"), hello + stop + done];

  it("a server that refuses stream_options is asked without, and remembered", async () => {
    // Of several processes each learns it for itself.
    const place = await inFrontOf(refusing, { WORKERS: "1" });
    for (let count = 0; count < 2; count++) expect((await stream(place))[0].status).toBe(200);
    expect(place.upstream.asked.map(({ body }) => body.includes("stream_options"))).toEqual([
      ...[true, false, false],
    ]);
  });

  it("STREAM_USAGE=off never sends it, and on sends it always", async () => {
    const off = await inFrontOf(refusing, { STREAM_USAGE: "off" });
    expect((await stream(off))[0].status).toBe(200);
    expect(off.upstream.asked.length).toBe(1);
    const on = await inFrontOf(refusing, { STREAM_USAGE: "on" });
    expect((await stream(on))[0].status).toBe(422);
    expect(on.upstream.asked.length).toBe(1);
  });
});
