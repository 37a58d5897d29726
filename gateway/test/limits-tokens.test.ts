import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { llamaScript, startLlamaServer, whyNoLlama } from "./support/llama-server.ts";
import { chatAnswer, type Handler, politeChat } from "./support/mock-upstream.ts";

const running: TestGateway[] = [];
const stops: (() => void)[] = [];
afterEach(async () => {
  for (const gateway of running.splice(0)) await gateway.stop();
  for (const stop of stops.splice(0)) stop();
});
async function start(env: Record<string, string>, handler: Handler = politeChat) {
  const gateway = await startTestGateway(handler, { ENABLE_RATE_LIMITING: "true", ...env });
  running.push(gateway);
  return gateway;
}

/** Each character is a token here, as in scripts that few vocabularies know. */
const dense: Handler = (seen, response) => {
  response.setHeader("server", "llama.cpp").setHeader("content-type", "application/json");
  const { messages } = JSON.parse(seen.body.toString());
  const tokens = messages[0].content.length;
  if (seen.url.startsWith("/v1/chat/completions/input_tokens")) {
    response.end(JSON.stringify({ input_tokens: tokens }));
    return;
  }
  const answer = JSON.parse(chatAnswer("ok"));
  const usage = { prompt_tokens: tokens, completion_tokens: 2, total_tokens: tokens + 2 };
  response.end(JSON.stringify({ ...answer, usage }));
};
const llamacpp = { UPSTREAM_TYPE: "llamacpp", STREAM_UPSTREAM: "off" };

const prompt = (content: string, fields = {}) =>
  chat({ messages: [{ role: "user", content }], ...fields });
const asked = (gateway: TestGateway, path: string) =>
  gateway.upstream.seen.filter(({ url }) => url.startsWith(path)).length;
const counting = "/v1/chat/completions/input_tokens";
const remaining = (answer: Response) => Number(answer.headers.get("x-ratelimit-remaining-tokens"));

/** On a busy machine a count may take longer than anyone waits for it. */
const patience = { retry: 3 };

describe("a prompt is counted before it runs", patience, () => {
  it("so that fifty at once, with text that no estimate fits, stay inside the limit", async () => {
    const gateway = await start({ ...llamacpp, MAX_TOKENS: "10000", MAX_CONCURRENT: "50" }, dense);
    const body = prompt("x".repeat(1_000), { max_tokens: 2 });
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => gateway.post("/v1/chat/completions", body)),
    );
    const statuses = answers.map(({ status }) => status);
    for (const answer of answers) await answer.text();
    expect(statuses.filter((status) => status === 200)).toHaveLength(9);
    expect(statuses.filter((status) => status === 429)).toHaveLength(41);
    const used = gateway.rows().reduce((sum, row) => sum + (row.input_tokens ?? 0), 0);
    expect(used).toBeLessThanOrEqual(10_000);
  });

  it("and exactly its tokens are reserved", async () => {
    const gateway = await start({ ...llamacpp, MAX_TOKENS: "10000" }, dense);
    const answer = await gateway.post(
      "/v1/chat/completions",
      prompt("x".repeat(4_321), { max_tokens: 79 }),
    );
    expect(remaining(answer)).toBe(10_000 - 4_321 - 79);
    const tooLong = prompt("x".repeat(6_000), { max_tokens: 1 });
    expect((await gateway.post("/v1/chat/completions", tooLong)).status).toBe(429);
  });

  it("only for users with limits that depend on it", async () => {
    const gateway = await start({ ...llamacpp, MAX_TOKENS: "off", MAX_REQUESTS: "5" }, dense);
    await (await gateway.post("/v1/chat/completions", prompt("hello"))).text();
    const users = JSON.parse(readFileSync(gateway.usersFile, "utf8"));
    users[gateway.keys.bob ?? ""] = { user: "bob", limits: { tokens: 1_000 } };
    writeFileSync(gateway.usersFile, JSON.stringify(users));
    expect(asked(gateway, counting)).toBe(0);
    await (await gateway.post("/v1/chat/completions", prompt("hello"), { user: "bob" })).text();
    expect(asked(gateway, counting)).toBe(1);
  });

  it("and if it cannot be counted, other prompts give the estimate", async () => {
    // Of several processes each learns for itself that the upstream does not count.
    const settings = { ...llamacpp, MAX_TOKENS: "10000", WORKERS: "1" };
    const gateway = await start(settings, (seen, response, request) => {
      if (seen.url.startsWith(counting)) return;
      return dense(seen, response, request);
    });
    const answer = await gateway.post(
      "/v1/chat/completions",
      prompt("x".repeat(300), { max_tokens: 5 }),
    );
    expect(answer.status).toBe(200);
    expect(remaining(answer)).toBe(10_000 - 100 - 5);
    expect(asked(gateway, counting)).toBe(1);
    await (await gateway.post("/v1/chat/completions", prompt("hello"))).text();
    expect(asked(gateway, counting)).toBe(1);
  });

  it("by the vocabulary of OpenAI's models where the upstream cannot tell", async () => {
    const gateway = await start({ MAX_TOKENS: "100000" });
    const words = "one two three four five six seven eight nine ten ".repeat(100).trim();
    const ask = async () => {
      const body = prompt(words, { model: "gpt-4o", max_tokens: 10 });
      const answer = await gateway.post("/v1/chat/completions", body);
      await answer.text();
      return remaining(answer);
    };
    let before = 100_000;
    // The first come while the vocabulary is loaded, and go by a guess.
    await until(async () => {
      const left = await ask();
      const taken = before - left;
      before = left + taken - 5;
      return taken === 1_000 + 7 + 10;
    }, "it is counted");
  });
});

if (llamaScript === null) console.warn(`limits-tokens: ${whyNoLlama}`);

describe.runIf(llamaScript !== null)("in front of a real llama-server", patience, () => {
  it("what is reserved of a prompt is what its usage says afterwards", async () => {
    const llama = await startLlamaServer(llamaScript ?? "");
    stops.push(llama.stop);
    const gateway = await start({
      UPSTREAM_URL: llama.url,
      UPSTREAM_TYPE: "auto",
      MAX_TOKENS: "100000",
    });
    const texts = [
      "hello",
      "Ein Satz mit äöü. ".repeat(20),
      "你好世界".repeat(50),
      "{[(".repeat(90),
    ];
    let before = 100_000;
    // Its kind is learnt from its first answer.
    await (await gateway.post("/v1/chat/completions", prompt("hi", { max_tokens: 1 }))).text();
    before -= (gateway.rows()[0]?.input_tokens ?? 0) + (gateway.rows()[0]?.output_tokens ?? 0);
    for (const [index, text] of texts.entries()) {
      const body = prompt(text, { max_tokens: 3 });
      const answer = await gateway.post("/v1/chat/completions", body);
      const reserved = before - remaining(answer);
      await answer.text();
      const row = gateway.rows()[index + 1];
      expect(reserved - 3).toBe(row?.input_tokens);
      before -= (row?.input_tokens ?? 0) + (row?.output_tokens ?? 0);
    }
  });
});
