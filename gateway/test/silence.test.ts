import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { chatAnswer, chatChunk, chatFinish, done, type Handler } from "./support/mock-upstream.ts";

/** A second of silence is too long here; a byte is due before. */
const short = { KEEP_ALIVE: "1s", JSON_KEEP_ALIVE_LAN: "2s", JSON_KEEP_ALIVE_TUNNEL: "1s" };
const keepAlive = ": keep-alive\n\n";
/** Two slow cores may be late, but never by as much as another second. Milliseconds. */
const longest = 2_500;

async function withGateway(
  handler: Handler,
  run: (gateway: TestGateway) => Promise<void>,
  env: Record<string, string> = {},
): Promise<void> {
  await using gateway = await startTestGateway(handler, { ...short, ...env });
  await run(gateway);
}

/** What came, and the longest silence between two pieces, in milliseconds. */
async function heard(
  response: Response,
): Promise<{ text: string; pieces: string[]; silence: number }> {
  const pieces: string[] = [];
  let last = performance.now();
  let silence = 0;
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    pieces.push(decoder.decode(chunk, { stream: true }));
    silence = Math.max(silence, performance.now() - last);
    last = performance.now();
  }
  return { text: pieces.join(""), pieces, silence };
}

/** The events of a stream without those that keep it alive. */
const events = (text: string): string[] =>
  text.split("\n\n").filter((event) => event.trim() !== "" && !event.startsWith(": keep-alive"));

const streaming: Handler = (_seen, response) => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.end(chatChunk("Hello") + chatFinish + done);
};

/** Answers after `ms` without a byte, not even a head. */
const late =
  (ms: number, handler: Handler): Handler =>
  async (seen, response, request) => {
    await sleep(ms);
    await handler(seen, response, request);
  };

describe.concurrent("a stream", () => {
  it("is kept alive while the upstream reads the prompt and has sent no head", async () => {
    await withGateway(late(3_500, streaming), async (gateway) => {
      const response = await gateway.post("/v1/chat/completions", chat({ stream: true }));
      expect(response.status).toBe(200);
      const { text, silence } = await heard(response);
      expect(silence).toBeLessThan(longest);
      expect(text.startsWith(keepAlive + keepAlive)).toBe(true);
      expect(events(text)).toHaveLength(3);
    });
  });

  it("is kept alive in a pause, and never inside an event", async () => {
    const first = chatChunk("zażółć");
    const handler: Handler = async (_seen, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(first);
      await sleep(2_500);
      // Half an event, and then nothing for a while.
      const next = Buffer.from(chatChunk("gęślą"));
      const middle = next.indexOf("content") + 13;
      response.write(next.subarray(0, middle));
      await sleep(2_500);
      response.write(next.subarray(middle));
      response.end(chatFinish + done);
    };
    await withGateway(handler, async (gateway) => {
      const { text, silence } = await heard(
        await gateway.post("/v1/chat/completions", chat({ stream: true })),
      );
      expect(silence).toBeLessThan(longest);
      expect(text.split(keepAlive).length).toBeGreaterThan(3);
      const said = events(text).slice(0, 2);
      expect(said.map((event) => JSON.parse(event.slice(6)).choices[0].delta.content)).toEqual([
        "zażółć",
        "gęślą",
      ]);
    });
  });

  it.each([
    ["chunk", /^: queue-position=1\ndata: \{.*"queue":.*\n\n/],
    ["comment", /^: queue-position=1\n\n/],
    ["off", /^\n/],
  ])("is kept alive in line, in the form %s", async (form, expected) => {
    let release = (): void => {};
    const handler: Handler = async (seen, response, request) => {
      if (seen.body.includes('"held"')) {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      }
      await streaming(seen, response, request);
    };
    await withGateway(
      handler,
      async (gateway) => {
        const holder = gateway.post("/v1/chat/completions", chat({ user: "held", stream: true }));
        await until(() => gateway.upstream.seen.length === 1, "the slot is held");
        const asked = gateway.post("/v1/chat/completions", chat({ stream: true }), {
          user: "bob",
          headers: { "x-queue-events": form },
        });
        setTimeout(() => release(), 3_500);
        const { text, pieces, silence } = await heard(await asked);
        expect(silence).toBeLessThan(longest);
        const waiting = pieces.filter((piece) => expected.test(piece));
        expect(waiting.length).toBeGreaterThanOrEqual(2);
        if (form === "off") expect(text).not.toContain("queue");
        expect(text.endsWith(done)).toBe(true);
        await (await holder).text();
      },
      { MAX_CONCURRENT: "1" },
    );
  });
});

describe.concurrent("an answer that does not stream", () => {
  const json =
    (ms: number, text = chatAnswer("Hello")): Handler =>
    async (_seen, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      await sleep(ms);
      response.end(text);
    };
  const wanted = { choices: [{ message: { content: "Hello" } }] };

  it("starts with whitespace after too long a silence", async () => {
    await withGateway(json(4_500), async (gateway) => {
      const from = performance.now();
      const response = await gateway.post("/v1/chat/completions", chat());
      // The 200 came well before the answer.
      expect(performance.now() - from).toBeLessThan(3_500);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toContain("application/json");
      const { text, silence } = await heard(response);
      expect(silence).toBeLessThan(longest);
      expect(text).toMatch(/^\n\n+\{/);
      expect(JSON.parse(text)).toMatchObject(wanted);
      expect(gateway.rows()).toMatchObject([{ state: "done", output_tokens: 2 }]);
    });
  });

  it("has the whitespace while it waits in the queue, and keeps its place", async () => {
    let release = (): void => {};
    const handler: Handler = async (seen, response, request) => {
      if (seen.body.includes('"held"')) {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      }
      await json(0)(seen, response, request);
    };
    await withGateway(handler, async (gateway) => {
      const holder = gateway.post("/v1/chat/completions", chat({ user: "held" }));
      await until(() => gateway.upstream.seen.length === 1, "the slot is held");
      const asked = gateway.post("/v1/chat/completions", chat(), { user: "bob" });
      setTimeout(() => release(), 4_500);
      const response = await asked;
      expect((await gateway.health()).line).toMatchObject({ active: 1, waiting: 1 });
      expect(response.headers.get("x-queue-position")).toBe("1");
      const { text, silence } = await heard(response);
      expect(silence).toBeLessThan(longest);
      expect(text).toMatch(/^\n+\{/);
      expect(JSON.parse(text)).toMatchObject(wanted);
      await (await holder).text();
    });
  });

  it("has the whitespace sooner through the tunnel, and not at all if it is quick", async () => {
    await withGateway(
      json(1_800),
      async (gateway) => {
        const headers = { "cf-ray": "1-TEST" };
        const tunnel = gateway.post("/v1/chat/completions", chat(), { headers });
        expect(await (await tunnel).text()).toMatch(/^\n+\{/);
        const direct = await gateway.post("/v1/embeddings", { input: "a" });
        expect((await direct.text()).startsWith("{")).toBe(true);
      },
      { JSON_KEEP_ALIVE_LAN: "60s" },
    );
  });

  it("has the whitespace also if it is assembled from a stream", async () => {
    const handler: Handler = async (seen, response, request) => {
      expect(seen.body.toString()).toContain('"stream":true');
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(chatChunk("Hel"));
      await sleep(4_000);
      response.end(chatChunk("lo") + chatFinish + done);
      request.resume();
    };
    await withGateway(
      handler,
      async (gateway) => {
        const { text, silence } = await heard(await gateway.post("/v1/chat/completions", chat()));
        expect(silence).toBeLessThan(longest);
        expect(text).toMatch(/^\n+\{/);
        expect(JSON.parse(text)).toMatchObject(wanted);
      },
      { UPSTREAM_TYPE: "llamacpp" },
    );
  });

  it("is an error body under status 200 if the upstream fails after the whitespace", async () => {
    const handler: Handler = async (_seen, response) => {
      await sleep(3_500);
      response.destroy();
    };
    await withGateway(handler, async (gateway) => {
      const response = await gateway.post("/v1/chat/completions", chat());
      expect(response.status).toBe(200);
      expect(JSON.parse(await response.text())).toMatchObject({
        error: { code: "upstream_error", type: "server_error" },
      });
      expect(gateway.rows()).toMatchObject([{ state: "failed", error_code: "upstream_error" }]);
    });
  });
});
