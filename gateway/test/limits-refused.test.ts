import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway } from "./support/harness.ts";
import { politeChat } from "./support/mock-upstream.ts";

let gateway: TestGateway;
beforeAll(async () => {
  // An answer takes its time, so that there is some to count.
  gateway = await startTestGateway(
    async (seen, response, request) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      await politeChat(seen, response, request);
    },
    {},
    "models:\n  mock: {price: {prompt: 0.01, completion: 0.01}}\n",
  );
});
afterAll(() => gateway.stop());

/** From now on these are the limits of a new user, who is given a key. */
let users = 0;
function userWith(limits: Record<string, unknown>) {
  const key = `sk-${String(++users).padStart(32, "0")}`;
  const all = JSON.parse(readFileSync(gateway.usersFile, "utf8"));
  writeFileSync(
    gateway.usersFile,
    JSON.stringify({ ...all, [key]: { user: `user-${users}`, limits } }),
  );
  const headers = { authorization: `Bearer ${key}` };
  return (path = "/v1/chat/completions", body: object = chat({ max_tokens: 2 })) =>
    gateway.post(path, body, { headers });
}

describe("each limit, once it is used up, refuses", () => {
  it.each([
    ["requests", { requests: 1 }, "The limit is 1 request in 1 hour: 1 is used."],
    ["tokens", { tokens: 5 }, "5 tokens in 1 hour"],
    ["tokens of a day", { tokens_per_day: 5 }, "5 tokens in 1 day"],
    ["tokens of a month", { tokens_per_month: 5 }, "5 tokens in 30 days"],
    [
      "upstream seconds",
      { upstream_seconds: { max: 0.01, window: "6h" } },
      "0.01 upstream seconds in 6 hours",
    ],
    ["cost", { cost: 0.05 }, "0.05 US dollars in 1 hour"],
    ["cost of a day", { cost_per_day: 0.05 }, "0.05 US dollars in 1 day"],
    ["cost of a month", { cost_per_month: 0.05 }, "0.05 US dollars in 30 days"],
  ])("%s", async (_what, limits, words) => {
    const ask = userWith(limits);
    const first = await ask();
    expect(first.status).toBe(200);
    await first.text();
    const refused = await ask();
    expect(refused.status).toBe(429);
    expect(refused.headers.has("retry-after")).toBe(false);
    expect(refused.headers.get("x-should-retry")).toBe("false");
    const { error } = (await refused.json()) as { error: Record<string, unknown> };
    expect(error.code).toBe("rate_limit_exceeded");
    expect(error.message).toContain(words);
    expect(Number(error.retry_after_seconds)).toBeGreaterThan(60);
  });
});

describe("a refusal comes in the words of", () => {
  const messages = [{ role: "user", content: "hello" }];
  const openai = { error: { code: "rate_limit_exceeded", type: "rate_limit_error", param: null } };
  it.each([
    ["chat", "/v1/chat/completions", { messages }, openai],
    ["chat, streaming", "/v1/chat/completions", { messages, stream: true }, openai],
    ["completions", "/v1/completions", { prompt: "hello" }, openai],
    ["responses", "/v1/responses", { input: "hello" }, openai],
    ["embeddings", "/v1/embeddings", { input: "hello" }, openai],
    ["rerank", "/v1/rerank", { query: "a", documents: ["b"] }, openai],
    ["an unknown generation", "/v1/audio/speech", { input: "hello" }, openai],
    [
      "Messages",
      "/v1/messages",
      { messages, max_tokens: 5 },
      { type: "error", error: { type: "rate_limit_error" } },
    ],
    [
      "Gemini",
      "/v1beta/models/mock:generateContent",
      { contents: [{ role: "user", parts: [{ text: "hello" }] }] },
      { error: { code: 429, status: "RESOURCE_EXHAUSTED" } },
    ],
  ])("%s", async (_dialect, path, fields, words) => {
    const seen = gateway.upstream.seen.length;
    const rows = gateway.rows().length;
    const refused = await userWith({ requests: 0 })(path, { model: "mock", ...fields });
    expect(refused.status).toBe(429);
    expect(refused.headers.get("content-type")).toContain("application/json");
    expect(await refused.json()).toMatchObject(words);
    expect(gateway.upstream.seen).toHaveLength(seen);
    expect(gateway.rows()).toHaveLength(rows);
  });
});
