import { once } from "node:events";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Echo, startEcho } from "./echo.ts";

let echo: Echo;
let slow: Echo;
beforeAll(async () => {
  echo = await startEcho({ tokensPerSecond: null });
  slow = await startEcho({ tokensPerSecond: 20 });
});
afterAll(async () => {
  await echo.close();
  await slow.close();
});

function post(to: Echo, path: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return fetch(`${to.url}${path}`, { method: "POST", body: text, signal: signal ?? null });
}

function chat(text: string, more: object = {}): object {
  return { messages: [{ role: "user", content: text }], ...more };
}

test("it listens only on the loopback address of this machine", async () => {
  const own = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find((one) => one.family === "IPv4" && !one.internal);
  expect(new URL(echo.url).hostname).toBe("127.0.0.1");
  if (own === undefined) return;
  const socket = connect(Number(new URL(echo.url).port), own.address);
  const [error] = await once(socket, "error");
  expect(error).toMatchObject({ code: "ECONNREFUSED" });
});

test("health and unknown paths are answered in JSON", async () => {
  expect(await (await fetch(`${echo.url}/health`)).json()).toEqual({ status: "ok" });
  const unknown = await post(echo, "/v1/audio/speech", {});
  expect(unknown.status).toBe(404);
  expect(await unknown.json()).toHaveProperty("error.code", "not_found");
});

test.each([
  ["", 400],
  ["{", 400],
  ["[]", 400],
  ["null", 400],
  ['{"messages":"x"}', 400],
  ['{"messages":[1]}', 400],
  ['{"messages":[],"max_tokens":"many"}', 400],
  ['{"messages":[],"stop":[1]}', 400],
  ['{"messages":[{"role":"user"}]}', 200],
])("a body of %j is answered with %i", async (body, status) => {
  const answer = await post(echo, "/v1/chat/completions", body);
  expect(answer.status).toBe(status);
  await answer.json();
});

test("a body that is too large is refused", async () => {
  const answer = await post(echo, "/v1/chat/completions", " ".repeat(65 * 1024 * 1024)).catch(
    () => null,
  );
  // The connection may close before the client reads the refusal.
  if (answer !== null) expect(answer.status).toBe(413);
});

test("rerank puts the documents that share words with the query first", async () => {
  const answer = await post(echo, "/v1/rerank", {
    query: "red apples",
    documents: ["a blue car", { text: "Apples are red." }, "an apple, red"],
    top_n: 2,
  });
  expect(await answer.json()).toMatchObject({
    results: [
      { index: 1, relevance_score: 1, document: { text: "Apples are red." } },
      { index: 2, relevance_score: 0.5, document: { text: "an apple, red" } },
    ],
    usage: { prompt_tokens: expect.any(Number) },
  });
});

test("the counting endpoints agree with usage, and tokens become the same text again", async () => {
  const counted = await post(echo, "/v1/chat/completions/input_tokens", chat("hello there"));
  const answer = await post(echo, "/v1/chat/completions", chat("hello there"));
  const { usage } = (await answer.json()) as { usage: { prompt_tokens: number } };
  expect(await counted.json()).toMatchObject({ input_tokens: usage.prompt_tokens });
  const ids = await (await post(echo, "/v1/tokenize", { content: "Grüße 你好" })).json();
  const back = await (await post(echo, "/v1/detokenize", ids)).json();
  expect(back).toEqual({ content: "Grüße 你好" });
});

test("streams and whole answers keep the same pace", async () => {
  for (const stream of [true, false]) {
    const begun = performance.now();
    const body = chat("one two three four", { stream, max_tokens: 6 });
    await (await post(slow, "/v1/chat/completions", body)).text();
    expect(performance.now() - begun).toBeGreaterThan(290);
  }
});

test("no timer is left when the client leaves", async () => {
  const timers = (): number =>
    process.getActiveResourcesInfo().filter((name) => name === "Timeout").length;
  const before = timers();
  const leaving = new AbortController();
  const body = chat("word ".repeat(1000), { stream: true });
  const answer = await post(slow, "/v1/chat/completions", body, leaving.signal);
  const reader = answer.body!.getReader();
  await reader.read();
  leaving.abort();
  await reader.closed.catch(() => undefined);
  await expect.poll(timers, { timeout: 5000 }).toBeLessThanOrEqual(before);
});

test("closing ends replies that have not finished", async () => {
  const third = await startEcho({ tokensPerSecond: 1 });
  const answer = await post(third, "/v1/chat/completions", chat("a b c d", { stream: true }));
  const ended = answer.text().catch(() => "cut");
  await third.close();
  expect(await ended).toBe("cut");
});
