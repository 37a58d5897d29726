import { afterEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { holding, inLine } from "./support/holding.ts";
import { chatChunk, chatFinish, done, politeChat } from "./support/mock-upstream.ts";

let gateway: TestGateway;
afterEach(() => gateway.stop());

const silent = async (response: Response): Promise<string> => response.text().catch(() => "cut");

describe("a generation", () => {
  it("goes out as it came in, and comes back with our id", async () => {
    gateway = await startTestGateway(politeChat);
    const body =
      '{"seed":9007199254740993, "messages":[{"role":"user","content":"hi"}],"x":1,"x":2}';
    const response = await gateway.post("/v1/chat/completions", body, {
      headers: { "x-request-id": "my-own:id.1" },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("x-request-id")).toBe("my-own:id.1");
    expect(response.headers.get("x-queue-position")).toBe("0");
    expect(await response.json()).toMatchObject({
      id: "my-own:id.1",
      choices: [{ message: { content: "Hello there" } }],
    });
    expect(gateway.upstream.seen[0]?.body.toString()).toBe(body);
    expect(gateway.upstream.seen[0]?.headers).toMatchObject({
      "x-gateway-user": "alice",
      "x-request-id": "my-own:id.1",
      "accept-encoding": "identity",
    });
    expect(gateway.upstream.seen[0]?.headers.authorization).toBeUndefined();
    expect(gateway.rows()).toMatchObject([
      {
        user: "alice",
        model: null,
        state: "done",
        status: 200,
        input_tokens: 3,
        output_tokens: 2,
        usage_source: "reported",
        upstream_id: "chatcmpl-upstream",
        request_id: "my-own:id.1",
      },
    ]);
  });

  it("streams whole events with our id, and without usage that the client did not ask for", async () => {
    gateway = await startTestGateway(politeChat);
    const response = await gateway.post("/v1/chat/completions", chat({ stream: true }));
    const id = response.headers.get("x-request-id");
    const text = await response.text();
    const events = text.split("\n\n").filter((event) => event !== "");
    expect(events).toHaveLength(4);
    for (const event of events.slice(0, 3)) {
      expect(JSON.parse(event.slice(6))).toMatchObject({ id });
    }
    expect(text).not.toContain("usage");
    expect(events[3]).toBe("data: [DONE]");
    expect(gateway.upstream.seen[0]?.body.toString()).toContain('"include_usage":true');
    expect(gateway.rows()).toMatchObject([
      { state: "done", streamed: 1, input_tokens: 3, output_tokens: 2, usage_source: "reported" },
    ]);
  });

  it("has its row closed before a client can see the end", async () => {
    gateway = await startTestGateway(politeChat);
    for (let i = 0; i < 20; i++) {
      const stream = i % 2 === 0;
      await (await gateway.post("/v1/chat/completions", chat({ stream }))).text();
      expect(gateway.rows().filter(({ state }) => state === "done")).toHaveLength(i + 1);
    }
  });

  it("never runs more at once than MAX_CONCURRENT, and frees each slot", async () => {
    gateway = await startTestGateway(politeChat, { MAX_CONCURRENT: "3" });
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, i) =>
        gateway.post("/v1/chat/completions", chat({ stream: i % 2 === 0 })).then(silent),
      ),
    );
    expect(answers.every((text) => text.includes("Hello"))).toBe(true);
    expect(gateway.upstream.peak()).toBeLessThanOrEqual(3);
    expect((await gateway.health()).line).toMatchObject({ active: 0, waiting: 0 });
    expect(gateway.rows().filter(({ state }) => state === "done")).toHaveLength(40);
  });

  it("tells a streaming client its place, at once and with the id of the answer", async () => {
    const upstream = holding({ only: ({ body }) => body.includes('"first"') });
    gateway = await startTestGateway(upstream.handler);
    const first = gateway.post("/v1/chat/completions", chat({ user: "first" }));
    await inLine(gateway, { active: 1 });
    const second = await gateway.post("/v1/chat/completions", chat({ stream: true }), {
      user: "bob",
    });
    expect(second.status).toBe(200);
    expect(second.headers.get("x-queue-position")).toBe("1");
    const reader = second.body!.pipeThrough(new TextDecoderStream()).getReader();
    const event = (await reader.read()).value ?? "";
    expect(event).toMatch(/^: queue-position=1\ndata: \{/);
    const queued = JSON.parse(event.slice(event.indexOf("{")));
    expect(queued).toMatchObject({
      id: second.headers.get("x-request-id"),
      object: "chat.completion.chunk",
      model: "mock",
      choices: [{ index: 0, delta: {}, finish_reason: null }],
      queue: { position: 1, of: 1, message: "Your query is #1 in the queue" },
      // Open WebUI's form of it.
      event: { type: "status", data: { description: "#1 in the queue", done: false } },
    });
    await upstream.release();
    expect((await first).headers.get("x-queue-position")).toBe("0");
    let rest = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) rest += part.value;
    expect(rest).toMatch(/"done":true,"hidden":true.*Hello/s);
    expect(rest.endsWith(done)).toBe(true);
    const ids = [...rest.matchAll(/"id":"([^"]+)"/g)].map((match) => match[1]);
    expect(new Set(ids)).toEqual(new Set([queued.id]));
  });

  it.each([
    ["comment", undefined, /^: queue-position=1\n\n$/],
    ["off", "chunk", /^: queue-position=1\ndata: \{/],
    ["chunk", "comment", /^: queue-position=1\n\n$/],
  ])(
    "tells it as QUEUE_EVENTS=%s says, and as the client's own header (%s) before that",
    async (setting, header, expected) => {
      const upstream = holding({ only: ({ body }) => body.includes('"first"') });
      gateway = await startTestGateway(upstream.handler, { QUEUE_EVENTS: setting });
      const first = gateway.post("/v1/chat/completions", chat({ user: "first" }));
      await inLine(gateway, { active: 1 });
      const headers = header === undefined ? {} : { "x-queue-events": header };
      const options = { user: "bob", headers };
      const second = await gateway.post("/v1/chat/completions", chat({ stream: true }), options);
      const reader = second.body!.pipeThrough(new TextDecoderStream()).getReader();
      expect((await reader.read()).value).toMatch(expected);
      await upstream.release();
      await (await first).text();
      for (let part = await reader.read(); !part.done; ) part = await reader.read();
    },
  );

  it("gives up its place when the client leaves the queue", async () => {
    const upstream = holding();
    gateway = await startTestGateway(upstream.handler);
    const first = gateway.post("/v1/chat/completions", chat());
    await inLine(gateway, { active: 1 });
    const leaving = new AbortController();
    const second = gateway.post("/v1/chat/completions", chat(), { signal: leaving.signal });
    second.catch(() => {});
    await inLine(gateway, { waiting: 1 });
    leaving.abort();
    await inLine(gateway, { waiting: 0 }, 1_000);
    await upstream.release();
    await (await first).text();
    expect(gateway.upstream.seen).toHaveLength(1);
    await until(() => gateway.rows().every(({ state }) => state !== "open"), "both rows closed");
    expect(gateway.rows()[1]).toMatchObject({
      state: "cancelled",
      status: 499,
      input_tokens: null,
      output_tokens: null,
    });
  });

  it.each([
    ["a stream", true],
    ["an answer that does not stream", false],
  ])("ends %s upstream within a second of its client's leaving", async (_what, stream) => {
    gateway = await startTestGateway((_seen, response) => {
      response.writeHead(200, {
        "content-type": stream ? "text/event-stream" : "application/json",
      });
      const timer = setInterval(() => response.write(stream ? chatChunk("word") : " "), 20);
      response.once("close", () => clearInterval(timer));
    });
    const leaving = new AbortController();
    const { signal } = leaving;
    const asked = gateway.post("/v1/chat/completions", chat({ stream }), { signal });
    if (stream) {
      const reader = (await asked).body!.getReader();
      for (let i = 0; i < 5; i++) await reader.read();
      leaving.abort();
      reader.cancel().catch(() => {});
    } else {
      asked.catch(() => {});
      await until(() => gateway.upstream.seen.length === 1, "it runs");
      leaving.abort();
    }
    const from = performance.now();
    await gateway.upstream.seen[0]?.closed;
    await until(async () => (await gateway.health()).line.active === 0, "the slot is free", 1000);
    expect(performance.now() - from).toBeLessThan(1000);
    await until(() => gateway.rows()[0]?.state === "cancelled", "the row is closed");
    const output = gateway.rows()[0]?.output_tokens ?? null;
    if (stream) expect(output).toBeGreaterThanOrEqual(4);
    else expect(output).toBeNull();
  });

  it("reports a stream that is cut as an error, never as a normal end", async () => {
    gateway = await startTestGateway((_seen, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(chatChunk("half"));
      response.write('data: {"id":"chatcmpl-up');
      response.end();
    });
    const text = await (await gateway.post("/v1/chat/completions", chat({ stream: true }))).text();
    expect(text).toContain("half");
    expect(text).not.toContain("[DONE]");
    expect(text).not.toContain("chatcmpl-up\n");
    const last = text.trimEnd().split("\n\n").at(-1) ?? "";
    expect(JSON.parse(last.slice(6))).toMatchObject({ error: { code: "upstream_error" } });
    expect(gateway.rows()).toMatchObject([{ state: "failed", error_code: "upstream_error" }]);
  });

  it("sends no second error after an error event of the upstream", async () => {
    gateway = await startTestGateway((_seen, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(chatChunk("half"));
      response.end('data: {"error":{"message":"out of memory","code":500}}\n\n');
    });
    const text = await (await gateway.post("/v1/chat/completions", chat({ stream: true }))).text();
    expect(text.match(/"error"/g)).toHaveLength(1);
    expect(gateway.rows()).toMatchObject([{ state: "failed" }]);
  });

  it("puts together what arrives byte by byte, split inside a character", async () => {
    const whole = chatChunk("zażółć 🦙") + chatFinish + done;
    gateway = await startTestGateway(async (_seen, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const byte of Buffer.from(whole)) {
        response.write(Buffer.of(byte));
        await new Promise((resolve) => setImmediate(resolve));
      }
      response.end();
    });
    const response = await gateway.post("/v1/chat/completions", chat({ stream: true }));
    const id = response.headers.get("x-request-id") ?? "";
    expect(await response.text()).toBe(whole.replaceAll("chatcmpl-upstream", id));
  });
});
