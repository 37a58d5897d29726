import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { inLine } from "./support/holding.ts";
import {
  type LlamaServer,
  llamaScript,
  startLlamaServer,
  whyNoLlama,
} from "./support/llama-server.ts";
import { politeChat } from "./support/mock-upstream.ts";

if (llamaScript === null) console.warn(`llama-native: ${whyNoLlama}`);

describe("llama-server's own paths", () => {
  let gateway: TestGateway;
  beforeAll(async () => {
    gateway = await startTestGateway((seen, response) => {
      response.setHeader("content-type", "application/json");
      const url = seen.url.split("?")[0];
      if (url === "/slots") {
        const slot = { id: 0, n_ctx: 9, is_processing: true, prompt: "secret", generated: "words" };
        response.end(JSON.stringify([{ ...slot, params: { grammar: "secret" } }]));
      } else response.end(JSON.stringify({ content: "x", stop: true, url: seen.url }));
    });
  });
  afterAll(() => gateway.stop());

  const get = async (path: string, user: string): Promise<Response> =>
    fetch(gateway.url + path, { headers: { authorization: `Bearer ${gateway.keys[user]}` } });

  it.each([
    ["/completion", { prompt: "hi", n_predict: 1 }],
    ["/infill", { input_prefix: "a", input_suffix: "b" }],
    ["/embedding", { content: "hi" }],
    ["/reranking", { query: "a", documents: ["b"] }],
  ])("generate at %s, with a row and a place", async (path, body) => {
    const before = gateway.rows().length;
    const answer = await gateway.post(path, body);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-queue-position")).toBe("0");
    expect(await answer.json()).toMatchObject({ url: path });
    expect(gateway.rows().slice(before)).toMatchObject([{ user: "alice", state: "done" }]);
  });

  it.each([
    ["/tokenize", { content: "hi" }],
    ["/detokenize", { tokens: [1] }],
    ["/apply-template", { messages: [] }],
  ])("only count at %s", async (path, body) => {
    const before = gateway.rows().length;
    expect(await (await gateway.post(path, body)).json()).toMatchObject({ url: path });
    expect(gateway.rows()).toHaveLength(before);
  });

  it("need a key, and change nothing of the server", async () => {
    const seen = gateway.upstream.seen.length;
    for (const path of ["/completion", "/tokenize", "/props", "/slots"]) {
      expect((await fetch(gateway.url + path, { method: "POST", body: "{}" })).status).toBe(401);
    }
    for (const path of [
      "/props",
      "/slots",
      "/slots/0?action=erase",
      "/lora-adapters",
      "/models/load",
    ]) {
      expect((await gateway.post(path, {}, { user: "admin" })).status).toBe(404);
    }
    expect(gateway.upstream.seen).toHaveLength(seen);
  });

  it("show the slots to an administrator alone, without a prompt or an answer", async () => {
    expect((await get("/slots", "alice")).status).toBe(403);
    const slots = await (await get("/slots", "admin")).json();
    expect(slots).toEqual([{ id: 0, n_ctx: 9, is_processing: true }]);
    const fromOutside = await fetch(`${gateway.url}/slots`, {
      headers: { authorization: `Bearer ${gateway.keys.admin}`, "cf-ray": "1" },
    });
    expect(fromOutside.status).toBe(403);
  });
});

describe("llama-server's own paths in a pool", () => {
  it("ask the upstream of the model", async () => {
    await using one = await startTestGateway((_seen, response) => void response.end('[{"id":1}]'));
    await using two = await startTestGateway((_seen, response) => void response.end('[{"id":2}]'));
    const config = `upstreams:
  one: { url: "${one.upstream.url}", type: openai }
  two: { url: "${two.upstream.url}", type: openai }
routes:
  - { model: a, upstream: one }
  - { model: b, upstream: two }
`;
    await using gateway = await startTestGateway(politeChat, { UPSTREAM_URL: "" }, config);
    const headers = { authorization: `Bearer ${gateway.keys.admin}` };
    const slots = async (query: string): Promise<Response> =>
      fetch(`${gateway.url}/slots${query}`, { headers });
    expect(await (await slots("?model=b")).json()).toEqual([{ id: 2 }]);
    expect(await (await slots("?model=a")).json()).toEqual([{ id: 1 }]);
    expect((await slots("?model=c")).status).toBe(404);
    expect((await slots("")).status).toBe(400);
  });
});

describe.runIf(llamaScript !== null)("a real llama-server", () => {
  let llama: LlamaServer;
  let gateway: TestGateway;
  beforeAll(async () => {
    llama = await startLlamaServer(llamaScript ?? "");
    gateway = await startTestGateway(politeChat, {
      UPSTREAM_URL: llama.url,
      UPSTREAM_TYPE: "auto",
      MAX_CONCURRENT: "1",
    });
  }, 60_000);
  afterAll(async () => {
    await gateway.stop();
    llama.stop();
  });

  it("completes as it does alone, and its tokens are in the accounts", async () => {
    const asked = { prompt: "hello", n_predict: 5, temperature: 0, cache_prompt: false };
    const own = await fetch(`${llama.url}/completion`, {
      method: "POST",
      body: JSON.stringify(asked),
    });
    const { content } = (await own.json()) as { content: string };
    const whole = (await (await gateway.post("/completion", asked)).json()) as object;
    expect(whole).toMatchObject({ content, tokens_predicted: 5 });
    const text = await (await gateway.post("/completion", { ...asked, stream: true })).text();
    const pieces = [...text.matchAll(/^data: (.*)$/gm)].map(
      ([, data]) => JSON.parse(data ?? "") as { content: string; stop: boolean },
    );
    expect(pieces.map((piece) => piece.content).join("")).toBe(content);
    expect(pieces.at(-1)?.stop).toBe(true);
    const rows = gateway.rows().slice(-2);
    expect(rows).toMatchObject(
      Array(2).fill({ state: "done", output_tokens: 5, usage_source: "timings", dialect: "llama" }),
    );
  });

  it("waits in the queue for a chat, and the slot is free when its client leaves", async () => {
    const leaving = new AbortController();
    const { signal } = leaving;
    const long = { prompt: "hello", n_predict: 3_000, ignore_eos: true, stream: true };
    const first = await gateway.post("/completion", long, { signal });
    const second = gateway.post("/v1/chat/completions", {
      messages: [{ role: "user", content: "hi" }],
      max_tokens: 2,
    });
    await inLine(gateway, { active: 1, waiting: 1 });
    leaving.abort();
    await first.text().catch(() => {});
    expect((await second).status).toBe(200);
    await until(async () => (await gateway.health()).line.active === 0, "all is over");
  });

  it("tells its properties without a path of its machine", async () => {
    const headers = { authorization: `Bearer ${gateway.keys.alice}` };
    const text = await (await fetch(`${gateway.url}/props`, { headers })).text();
    expect(JSON.parse(text)).toMatchObject({ total_slots: 1, model_alias: "tiny" });
    expect(text).not.toContain("model_path");
    expect(text).not.toContain(".gguf");
    const counted = await gateway.post("/tokenize", { content: "hello" });
    expect(((await counted.json()) as { tokens: number[] }).tokens.length).toBeGreaterThan(0);
  });
});
