import { readFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { Ollama } from "ollama";
import { afterEach, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { holding, inLine } from "./support/holding.ts";
import type { Handler } from "./support/mock-upstream.ts";

let gateway: TestGateway;
afterEach(() => gateway.stop());

const asOllama = { UPSTREAM_TYPE: "ollama" };

function client(user = "alice"): Ollama {
  const headers = { authorization: `Bearer ${gateway.keys[user]}` };
  return new Ollama({ host: gateway.url, headers });
}

const hello = { model: "mock", messages: [{ role: "user", content: "Hello" }] };

/** Events of a chat upstream: its deltas, then why it ended and what it cost. */
function chatEvents(response: ServerResponse, deltas: object[], reason = "stop"): void {
  const event = (body: object): string =>
    `data: ${JSON.stringify({ id: "u1", object: "chat.completion.chunk", model: "m", ...body })}\n\n`;
  response.setHeader("content-type", "text/event-stream");
  for (const delta of deltas) {
    response.write(event({ choices: [{ index: 0, delta, finish_reason: null }] }));
  }
  response.write(event({ choices: [{ index: 0, delta: {}, finish_reason: reason }] }));
  const usage = { prompt_tokens: 11, completion_tokens: 2, total_tokens: 13 };
  response.write(event({ choices: [], usage }));
  response.end("data: [DONE]\n\n");
}

/** Sends a recorded answer of a real Ollama. */
function recorded(name: string): Handler {
  const text = readFileSync(join(import.meta.dirname, "fixtures/ollama", `${name}.http`), "latin1");
  const [head = "", body = ""] = text.split(/\r?\n\r?\n/, 2);
  const type = /content-type: (.*)/i.exec(head)?.[1]?.trim() ?? "";
  return (_seen, response) => {
    response.writeHead(Number(head.split(" ")[1]), { "content-type": type });
    response.end(body, "latin1");
  };
}

async function linesOf(answer: Response): Promise<Record<string, unknown>[]> {
  const text = await answer.text();
  expect(text.endsWith("\n")).toBe(true);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("the ollama package, in front of a server with another API", () => {
  it("streams a chat with thoughts, counts and durations", async () => {
    gateway = await startTestGateway((_seen, response) =>
      chatEvents(response, [{ reasoning_content: "Hm." }, { content: "Hi" }, { content: " you" }]),
    );
    const parts = [];
    for await (const part of await client().chat({ ...hello, stream: true })) parts.push(part);
    expect(parts.map(({ message }) => message.thinking ?? "").join("")).toBe("Hm.");
    expect(parts.map(({ message }) => message.content).join("")).toBe("Hi you");
    expect(parts.map(({ done }) => done)).toEqual([false, false, false, true]);
    const last = parts.at(-1);
    expect(last).toMatchObject({ model: "mock", done_reason: "stop" });
    expect(last).toMatchObject({ prompt_eval_count: 11, eval_count: 2 });
    expect(last?.total_duration).toBeGreaterThan(0);
    await until(() => gateway.rows()[0]?.state === "done", "the row is closed");
    expect(gateway.rows()[0]).toMatchObject({
      dialect: "ollama",
      input_tokens: 11,
      output_tokens: 2,
    });
  });

  it("sends options, images, tools and a schema on, and names what has no equal", async () => {
    gateway = await startTestGateway((_seen, response) =>
      chatEvents(
        response,
        [
          {
            tool_calls: [
              { index: 0, id: "c1", type: "function", function: { name: "light", arguments: "" } },
            ],
          },
          {
            tool_calls: [
              { index: 0, function: { arguments: '{\n"id": 1234567890123456789, "done": true}' } },
            ],
          },
        ],
        "tool_calls",
      ),
    );
    const answer = await gateway.post("/api/chat", {
      ...hello,
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "What is this?", images: ["iVBORw0KGgo="] },
        {
          role: "assistant",
          content: "",
          tool_calls: [{ function: { name: "look", arguments: { at: "lamp" } } }],
        },
        { role: "tool", tool_name: "look", content: "It is a lamp." },
      ],
      tools: [
        {
          type: "function",
          function: {
            name: "light",
            description: "d",
            parameters: { type: "object", properties: {} },
          },
        },
      ],
      format: { type: "object", properties: { a: { type: "boolean" } } },
      options: { num_predict: 40, temperature: 0.5, num_ctx: 8192, stop: ["x"], mirostat: 1 },
      keep_alive: "5m",
    });
    expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
    const lines = await linesOf(answer);
    // The numbers keep all their digits, and a field of the arguments ends nothing.
    expect(JSON.stringify(lines[0])).toContain('"tool_calls"');
    expect(lines.map(({ done }) => done)).toEqual([false, true]);
    const dropped = answer.headers.get("x-gateway-dropped") ?? "";
    expect(dropped.split(", ").sort()).toEqual([
      "keep_alive",
      "options.mirostat",
      "options.num_ctx",
    ]);
    const sent = JSON.parse(String(gateway.upstream.seen[0]?.body));
    expect(sent).toMatchObject({ max_tokens: 40, temperature: 0.5, stop: ["x"], stream: true });
    expect(sent.response_format.type).toBe("json_schema");
    expect(sent.tools[0].function.name).toBe("light");
    expect(sent.messages.map(({ role }: { role: string }) => role)).toEqual([
      "system",
      "user",
      "assistant",
      "tool",
    ]);
    expect(sent.messages[1].content[1].image_url.url).toBe("data:image/png;base64,iVBORw0KGgo=");
    expect(sent.messages[3].tool_call_id).toBe(sent.messages[2].tool_calls[0].id);
  });

  it("keeps the digits of large numbers in a call's arguments", async () => {
    gateway = await startTestGateway((_seen, response) => {
      const call = { name: "f", arguments: '{"id":1234567890123456789}' };
      const tool_calls = [{ id: "c", type: "function", function: call }];
      response.setHeader("content-type", "application/json");
      const message = { role: "assistant", content: null, tool_calls };
      response.end(
        JSON.stringify({ choices: [{ index: 0, message, finish_reason: "tool_calls" }] }),
      );
    });
    const answer = await gateway.post("/api/chat", { ...hello, stream: false });
    expect(await answer.text()).toContain('"arguments":{"id":1234567890123456789}');
  });

  it("answers a request without messages at once: it only loads the model", async () => {
    gateway = await startTestGateway((_seen, response) => void response.end());
    const loaded = await client().chat({ model: "mock", messages: [] });
    expect(loaded).toMatchObject({ done: true, done_reason: "load", message: { content: "" } });
    const unloaded = await client().generate({ model: "mock", prompt: "", keep_alive: 0 });
    expect(unloaded).toMatchObject({ done: true, done_reason: "unload", response: "" });
    expect(gateway.upstream.seen).toEqual([]);
  });

  it("generates from a prompt, and refuses what only a real Ollama can do", async () => {
    gateway = await startTestGateway((_seen, response) =>
      chatEvents(response, [{ content: "Hi" }]),
    );
    const parts = [];
    const asked = { model: "mock", prompt: "Once", system: "Brief.", stream: true } as const;
    for await (const part of await client().generate(asked)) parts.push(part);
    expect(parts.map(({ response }) => response).join("")).toBe("Hi");
    expect(parts.at(-1)).toMatchObject({ done: true, done_reason: "stop", eval_count: 2 });
    const raw = client().generate({ model: "mock", prompt: "Once", raw: true });
    await expect(raw).rejects.toThrow(/'raw' works only if the model's upstream is an Ollama/);
  });

  it("embeds one text or several", async () => {
    gateway = await startTestGateway((seen, response) => {
      const { input } = JSON.parse(String(seen.body)) as { input: string[] };
      const data = input.map((_text, index) => ({
        index,
        object: "embedding",
        embedding: [0.5, index],
      }));
      const usage = { prompt_tokens: 4, total_tokens: 4 };
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ object: "list", model: "mock", data, usage }));
    });
    const { embeddings, prompt_eval_count } = await client().embed({
      model: "mock",
      input: ["a", "b"],
    });
    expect(embeddings).toEqual([
      [0.5, 0],
      [0.5, 1],
    ]);
    expect(prompt_eval_count).toBe(4);
    expect((await client().embeddings({ model: "mock", prompt: "a" })).embedding).toEqual([0.5, 0]);
    await until(
      () => gateway.rows().every(({ state }) => state === "done"),
      "both rows are closed",
    );
    expect(gateway.rows().map(({ input_tokens }) => input_tokens)).toEqual([4, 4]);
  });

  it("says an error before the answer, and in the stream, in the form that the client raises", async () => {
    gateway = await startTestGateway((seen, response) => {
      if (String(seen.body).includes("early")) {
        response.writeHead(400, { "content-type": "application/json" });
        response.end(
          JSON.stringify({ error: { message: "too hot", type: "invalid_request_error" } }),
        );
        return;
      }
      response.setHeader("content-type", "text/event-stream");
      const choices = [{ index: 0, delta: { content: "Hi" }, finish_reason: null }];
      response.write(`data: ${JSON.stringify({ id: "u", choices })}\n\n`);
      setTimeout(() => response.destroy(), 50);
    });
    const early = client().chat({ ...hello, messages: [{ role: "user", content: "early" }] });
    await expect(early).rejects.toMatchObject({ status_code: 400, error: "too hot" });
    const seen: string[] = [];
    const cut = (async () => {
      for await (const part of await client().chat({ ...hello, stream: true })) {
        seen.push(`${part.message.content}${part.done}`);
      }
    })();
    await expect(cut).rejects.toThrow(/upstream/);
    expect(seen).toEqual(["Hifalse"]);
  });

  it.each([
    ["no model", { messages: [] }, 400, "'model' is required."],
    ["messages as a text", { model: "m", messages: "Hello" }, 400, "'messages' must be a list"],
    [
      "an option of a wrong type",
      { ...hello, options: { num_predict: "many" } },
      400,
      "num_predict",
    ],
    ["two lines of JSON", '{"model":"m"}\n{"model":"n"}', 400, "not valid JSON"],
    ["a format that is none", { ...hello, format: "xml" }, 400, "'format' must be"],
  ])("refuses %s in Ollama's form", async (_what, body, status, words) => {
    gateway = await startTestGateway((_seen, response) =>
      chatEvents(response, [{ content: "Hi" }]),
    );
    const answer = await gateway.post("/api/chat", body);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toEqual({ error: expect.stringContaining(words) });
  });

  it("tells the place in the queue in lines that the client skips, then answers", async () => {
    const held = holding();
    gateway = await startTestGateway(held.handler, { MAX_CONCURRENT: "1" });
    const first = gateway.post("/api/chat", hello, { user: "bob" });
    await inLine(gateway, { active: 1 });
    const second = gateway.post("/api/chat", hello);
    await inLine(gateway, { waiting: 1 });
    held.releaseAll();
    await (await first).text();
    const lines = await linesOf(await second);
    expect(lines[0]).toMatchObject({
      message: { role: "assistant", content: "" },
      done: false,
      queue: { position: 1 },
    });
    expect(lines.at(-1)).toMatchObject({ done: true });
  });

  it("adds no text to what a client reads while it waits", async () => {
    const held = holding();
    gateway = await startTestGateway(held.handler, { MAX_CONCURRENT: "1" });
    const first = gateway.post("/api/chat", hello, { user: "bob" });
    await inLine(gateway, { active: 1 });
    const texts: string[] = [];
    const second = (async () => {
      for await (const part of await client().chat({ ...hello, stream: true })) {
        texts.push(part.message.content);
      }
    })();
    await inLine(gateway, { waiting: 1 });
    held.releaseAll();
    await (await first).text();
    await second;
    const alone = await client().chat({ ...hello, stream: false });
    expect(texts.join("")).toBe(alone.message.content);
  });
});

describe("the calls beside the answers", () => {
  it("lists and shows the models of the gateway, under its own names and without paths", async () => {
    gateway = await startTestGateway((_seen, response) => void response.end());
    const { models } = await client().list();
    expect(models.map(({ model }) => model)).toEqual(["mock"]);
    for (const model of ["mock", "mock:latest"]) {
      expect((await client().show({ model })).capabilities).toContain("completion");
    }
    await expect(client().show({ model: "nope" })).rejects.toMatchObject({
      status_code: 404,
      error: "model 'nope' not found",
    });
    expect((await client().ps()).models).toEqual([]);
    expect(await client().version()).toEqual({ version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
  });

  it.each([
    ["POST", "/api/pull"],
    ["POST", "/api/push"],
    ["POST", "/api/create"],
    ["POST", "/api/copy"],
    ["DELETE", "/api/delete"],
    ["POST", "/api/blobs/sha256:0"],
    ["POST", "/api/unheard-of"],
    ["PUT", "/api/chat"],
  ])("%s %s reaches no upstream, a real Ollama neither", async (method, path) => {
    gateway = await startTestGateway(recorded("chat"), asOllama);
    const headers = { authorization: `Bearer ${gateway.keys.alice}` };
    const answer = await fetch(gateway.url + path, { method, headers, body: "{}" });
    expect([403, 404]).toContain(answer.status);
    expect(await answer.json()).toEqual({ error: expect.any(String) });
    expect(gateway.upstream.seen).toEqual([]);
  });

  it("asks for a key, and takes none from the address", async () => {
    gateway = await startTestGateway((_seen, response) => void response.end());
    for (const path of ["/api/tags", `/api/tags?key=${gateway.keys.alice}`]) {
      const answer = await fetch(gateway.url + path);
      expect(answer.status).toBe(401);
      expect(await answer.json()).toEqual({ error: expect.any(String) });
    }
  });

  it("says that it is running, to a client that looks for a server", async () => {
    gateway = await startTestGateway((_seen, response) => void response.end());
    expect(await (await fetch(gateway.url)).text()).toBe("Ollama is running");
    expect((await fetch(gateway.url, { method: "HEAD" })).status).toBe(200);
  });
});

describe("in front of a real Ollama", () => {
  it.each(["chat-stream", "generate-stream"])("passes %s byte for byte", async (name) => {
    gateway = await startTestGateway(recorded(name), asOllama);
    const path = name === "chat-stream" ? "/api/chat" : "/api/generate";
    const asked = JSON.stringify({
      model: "tiny",
      prompt: "Once",
      messages: [],
      big: 12345678901234567890n.toString(),
    });
    const answer = await gateway.post(path, asked);
    const text = readFileSync(
      join(import.meta.dirname, "fixtures/ollama", `${name}.http`),
      "latin1",
    ).split(/\r?\n\r?\n/, 2)[1];
    expect(await answer.text()).toBe(text);
    expect(String(gateway.upstream.seen[0]?.body)).toBe(asked);
    const told = JSON.parse(text?.trimEnd().split("\n").at(-1) ?? "{}");
    await until(() => gateway.rows()[0]?.state === "done", "the row is closed");
    expect(gateway.rows()[0]).toMatchObject({
      input_tokens: told.prompt_eval_count,
      output_tokens: told.eval_count,
      usage_source: "reported",
    });
  });

  it("passes a whole answer and reads its counts", async () => {
    gateway = await startTestGateway(recorded("chat"), asOllama);
    const answer = await client().chat({ ...hello, model: "tiny:latest" });
    expect(answer).toMatchObject({ model: "tiny:latest", done_reason: "length", eval_count: 8 });
    await until(() => gateway.rows()[0]?.state === "done", "the row is closed");
    expect(gateway.rows()[0]).toMatchObject({ input_tokens: 94, output_tokens: 8 });
  });

  it("never says done for a stream that was cut", async () => {
    gateway = await startTestGateway((_seen, response) => {
      response.setHeader("content-type", "application/x-ndjson");
      response.write(
        '{"model":"m","message":{"role":"assistant","content":"Hi"},"done":false}\n{"mod',
      );
      setTimeout(() => response.destroy(), 50);
    }, asOllama);
    const lines = await linesOf(await gateway.post("/api/chat", hello));
    expect(lines[0]).toMatchObject({ done: false });
    expect(lines.at(-1)).toEqual({ error: expect.any(String) });
    expect(lines.some(({ done }) => done === true)).toBe(false);
  });
});

describe("names of models", () => {
  const routes = `
upstreams:
  one: { url: $URL }
routes:
  - { model: small, upstreams: [{ name: one, model: org/small-7b }] }
  - { model: "tagged:latest", upstreams: [one] }
`;

  it.each([
    ["small:latest", "org/small-7b"],
    ["small", "org/small-7b"],
    ["tagged", "tagged:latest"],
  ])("finds %s, with :latest and without", async (asked, sent) => {
    const { startMockUpstream } = await import("./support/mock-upstream.ts");
    const upstream = await startMockUpstream((_seen, response) =>
      chatEvents(response, [{ content: "Hi" }]),
    );
    gateway = await startTestGateway(
      (_seen, response) => void response.end(),
      { UPSTREAM_URL: "" },
      routes.replace("$URL", upstream.url),
    );
    const answer = await gateway.post("/api/chat", { ...hello, model: asked });
    expect((await linesOf(answer)).at(-1)).toMatchObject({ done: true, model: asked });
    expect(JSON.parse(String(upstream.seen[0]?.body)).model).toBe(sent);
    await upstream.close();
    const unknown = await gateway.post("/api/chat", { ...hello, model: "no/such" });
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toEqual({ error: "model 'no/such' not found" });
  });
});
