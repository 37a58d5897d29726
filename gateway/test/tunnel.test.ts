import { setTimeout as sleep } from "node:timers/promises";
import { expect, type TestContext, test as vitestTest } from "vitest";
import { startEdge } from "./support/edge.ts";
import { chat, startTestGateway, type TestGateway } from "./support/harness.ts";
import { inLine } from "./support/holding.ts";
import type { Handler } from "./support/mock-upstream.ts";

// The tests mostly wait, so they wait at the same time.
const test = vitestTest.concurrent;

/** Milliseconds of silence that the edge bears: 100 s with Cloudflare. */
const silenceMs = 1_500;
/** How long the upstream is silent: longer than the edge bears. */
const slowMs = 2_500;

/** A gateway with a public port, and the edge in front of that. */
async function behindTheEdge({ onTestFinished }: TestContext, handler: Handler) {
  const gateway = await startTestGateway(handler, {
    PUBLIC_PORT: "0",
    KEEP_ALIVE: "200ms",
    JSON_KEEP_ALIVE_TUNNEL: "200ms",
  });
  onTestFinished(() => gateway.stop());
  const origin = `http://127.0.0.1:${gateway.gateway.publicPort}`;
  const edge = await startEdge({ origin, silenceMs });
  onTestFinished(() => edge.close());
  const post = (body: unknown): Promise<Response> =>
    fetch(`${edge.url}/v1/chat/completions`, {
      method: "POST",
      headers: headersOf(gateway),
      body: JSON.stringify(body),
    });
  return { gateway, edge, post };
}

const headersOf = ({ keys }: TestGateway): Record<string, string> => ({
  "content-type": "application/json",
  authorization: `Bearer ${keys.alice}`,
});

const completion = JSON.stringify({
  id: "x",
  object: "chat.completion",
  created: 1,
  model: "mock",
  choices: [{ index: 0, message: { role: "assistant", content: "slow" }, finish_reason: "stop" }],
  usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
});

/** Thinks for longer than the edge bears silence. */
const slow: Handler = (_, response) => {
  setTimeout(() => {
    response.setHeader("content-type", "application/json");
    response.end(completion);
  }, slowMs);
};

const slowStream: Handler = (_, response) => {
  response.setHeader("content-type", "text/event-stream");
  const chunk = { id: "x", object: "chat.completion.chunk", created: 1, model: "mock" };
  const event = (delta: object, finish: string | null): string =>
    `data: ${JSON.stringify({ ...chunk, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  response.write(event({ role: "assistant", content: "a" }, null));
  setTimeout(() => response.end(`${event({ content: "b" }, "stop")}data: [DONE]\n\n`), slowMs);
};

test("a JSON answer that takes longer than the edge bears silence is no 524", async (context) => {
  const { post } = await behindTheEdge(context, slow);
  const answer = await post(chat());
  expect(answer.status).toBe(200);
  expect(await answer.json()).toMatchObject({ choices: [{ message: { content: "slow" } }] });
});

test("a stream that is silent for longer than the edge bears is not cut", async (context) => {
  const { post } = await behindTheEdge(context, slowStream);
  const text = await (await post(chat({ stream: true }))).text();
  expect(text).toContain('"content":"b"');
  expect(text).toContain(": keep-alive");
  expect(text.trimEnd()).toMatch(/data: \[DONE\]$/);
});

test.for([true, false])(
  "a request that waits in the queue longer than the edge bears silence gets its answer (stream: %s)",
  async (stream, context) => {
    const { gateway, post } = await behindTheEdge(context, stream ? slowStream : slow);
    const first = post(chat({ stream })).then((answer) => answer.text());
    await inLine(gateway, { active: 1 });
    const second = await post(chat({ stream }));
    expect(second.status).toBe(200);
    expect(await second.text()).toContain(stream ? '"content":"b"' : "slow");
    await first;
  },
);

test("a visitor that leaves through the tunnel frees the slot", async (context) => {
  const { gateway, edge } = await behindTheEdge(context, slowStream);
  const leaving = new AbortController();
  const answer = await fetch(`${edge.url}/v1/chat/completions`, {
    method: "POST",
    headers: headersOf(gateway),
    body: JSON.stringify(chat({ stream: true })),
    signal: leaving.signal,
  });
  await answer.body?.getReader().read();
  leaving.abort();
  await inLine(gateway, { active: 0 });
});

test("visitors cannot read health and metrics", async (context) => {
  const { gateway, edge } = await behindTheEdge(context, slow);
  for (const path of ["/health", "/healthz", "/ready", "/metrics"]) {
    const answer = await fetch(edge.url + path, { headers: headersOf(gateway) });
    expect(answer.status, path).toBe(404);
  }
  expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
});

test("the main port knows visitors by Cloudflare's headers: a tunnel that points there is as safe", async (context) => {
  const { gateway } = await behindTheEdge(context, slow);
  const edge = await startEdge({ origin: gateway.url, silenceMs });
  context.onTestFinished(() => edge.close());
  expect((await fetch(`${edge.url}/health`)).status).toBe(404);
});

test("a connection kept by the connector is used again after it was idle: never a 502", async (context) => {
  const { edge, gateway } = await behindTheEdge(context, slow);
  // Node itself would close idle connections after 5 s, at the latest after 6 s.
  for (const idleMs of [0, 6_500]) {
    await sleep(idleMs);
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        fetch(`${edge.url}/v1/nothing`, { headers: headersOf(gateway) }),
      ),
    );
    expect(answers.filter(({ status }) => status === 502)).toEqual([]);
  }
});
