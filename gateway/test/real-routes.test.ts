import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway, until } from "./support/harness.ts";
import {
  type LlamaServer,
  llamaScript,
  startLlamaServer,
  whyNoLlama,
} from "./support/llama-server.ts";

type Turn = { role: string; content: string };
type Reply = {
  choices: { message: { content: string } }[];
  timings: { cache_n: number; prompt_n: number };
};

if (llamaScript === null) console.warn(`real-routes: ${whyNoLlama}`);

describe.runIf(llamaScript !== null)("a route to two llama-servers", () => {
  const servers: LlamaServer[] = [];
  let gateway: TestGateway;

  beforeAll(async () => {
    for (let count = 0; count < 2; count++) {
      servers.push(await startLlamaServer(llamaScript ?? "", { NP: "4" }));
    }
    const [a, b] = servers;
    gateway = await startTestGateway(
      () => {},
      { UPSTREAM_URL: "" },
      `upstreams:
  a: { url: "${a?.url}", type: llamacpp, max_concurrent: auto }
  b: { url: "${b?.url}", type: llamacpp, max_concurrent: auto }
routes: [{ model: "*", upstreams: [a, b] }]
`,
    );
    await until(async () => {
      const { line } = (await gateway.health()) as unknown as { line: { capacity: number } };
      return line.capacity === 8;
    }, "both have told their slots");
  }, 60_000);

  afterAll(async () => {
    await gateway?.stop();
    for (const server of servers) server.stop();
  });

  async function say(turns: Turn[]): Promise<Reply> {
    const body = { model: "tiny", max_tokens: 8, messages: turns };
    return (await (await gateway.post("/v1/chat/completions", body)).json()) as Reply;
  }

  it("answers nine in ten second turns with most of the prompt in their cache", async () => {
    const talks = Array.from({ length: 8 }, (_, index): Turn[] => [
      { role: "system", content: `You are number ${index}. `.repeat(3) },
      { role: "user", content: `${String.fromCharCode(97 + index).repeat(40)}?` },
    ]);
    // All at once, so that both servers have some of them.
    const first = await Promise.all(talks.map(say));
    for (const [index, turns] of talks.entries()) {
      turns.push({ role: "assistant", content: first[index]?.choices[0]?.message.content ?? "" });
      turns.push({ role: "user", content: "and then?" });
    }
    expect(new Set(gateway.rows().map(({ upstream }) => upstream))).toEqual(new Set(["a", "b"]));
    let warm = 0;
    for (const turns of talks.toReversed()) {
      const { timings } = await say(turns);
      if (timings.cache_n > timings.prompt_n) warm += 1;
    }
    expect(warm).toBeGreaterThanOrEqual(Math.ceil(talks.length * 0.9));
  }, 60_000);

  it("goes on with the other one when one is killed", async () => {
    servers[0]?.stop();
    for (let n = 0; n < 6; n++) {
      const { choices } = await say([{ role: "user", content: `Still there, ${n}?` }]);
      expect(choices).toHaveLength(1);
    }
    const last = gateway.rows().slice(-6);
    expect(last.map(({ state, upstream }) => [state, upstream])).toEqual(
      last.map(() => ["done", "b"]),
    );
  }, 60_000);
});
