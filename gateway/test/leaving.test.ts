import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway, until } from "./support/harness.ts";
import {
  type LlamaServer,
  llamaScript,
  startLlamaServer,
  whyNoLlama,
} from "./support/llama-server.ts";
import { politeChat } from "./support/mock-upstream.ts";

if (llamaScript === null) console.warn(`leaving: ${whyNoLlama}`);

type Slot = { is_processing: boolean; next_token?: Array<{ n_decoded: number }> };

const times = 50;

/** Clients that leave a generation under way, on a real llama-server with two slots. */
describe.runIf(llamaScript !== null)("a client that leaves", () => {
  let llama: LlamaServer;
  let gateway: TestGateway;

  beforeAll(async () => {
    const model = join(dirname(llamaScript ?? ""), "models/tiny64k.gguf");
    // Room for minutes of tokens, so that none ends by itself.
    const env = { NP: "2", CTX: "131072", MODEL: model };
    llama = await startLlamaServer(llamaScript ?? "", env, ["--metrics"]);
    gateway = await startTestGateway(politeChat, {
      UPSTREAM_URL: llama.url,
      UPSTREAM_TYPE: "llamacpp",
      MAX_CONCURRENT: "2",
    });
  });
  afterAll(async () => {
    await gateway.stop();
    llama.stop();
  });

  const slots = async (): Promise<Slot[]> =>
    (await (await fetch(`${llama.url}/slots`)).json()) as Slot[];
  const busy = async (): Promise<number> =>
    (await slots()).filter(({ is_processing }) => is_processing).length;

  /** Tokens of all generations that have ended, cancelled ones too. */
  async function predicted(): Promise<number> {
    const metrics = await (await fetch(`${llama.url}/metrics`)).text();
    return Number(/^llamacpp:tokens_predicted_total (\d+)/m.exec(metrics)?.[1]);
  }

  /** Begins an endless generation; resolves when it runs. Returns what makes its client leave. */
  async function begin(path: string, stream: boolean, user: string): Promise<() => void> {
    const before = await busy();
    const leaving = new AbortController();
    const asked = path.endsWith("chat/completions")
      ? { messages: [{ role: "user", content: "hello" }] }
      : { prompt: "hello" };
    const { signal } = leaving;
    const answered = gateway.post(path, { ...asked, stream }, { user, signal });
    if (stream) void drained((await answered).body);
    else answered.catch(() => {});
    await until(async () => (await busy()) > before, "it runs");
    return () => leaving.abort();
  }

  /** Milliseconds from a client's leaving until llama-server has its slot back. */
  async function freedAfter(path: string, stream: boolean, others: number): Promise<number> {
    const leave = await begin(path, stream, "alice");
    const from = performance.now();
    leave();
    await until(async () => (await busy()) === others, "llama-server's slot is free");
    const ms = performance.now() - from;
    await until(async () => (await gateway.health()).line.active === others, "ours is free");
    return ms;
  }

  const kinds: Array<[string, string, boolean]> = [
    ["a streaming chat", "/v1/chat/completions", true],
    ["a chat that does not stream", "/v1/chat/completions", false],
    ["a text that does not stream", "/v1/completions", false],
  ];

  it.each(kinds)(
    `frees the slot within a second, ${times} times in a row: %s`,
    async (_what, path, stream) => {
      let slowest = 0;
      for (let i = 0; i < times; i++)
        slowest = Math.max(slowest, await freedAfter(path, stream, 0));
      expect(slowest).toBeLessThan(1_000);
    },
    120_000,
  );

  it("does so also while another stream runs", async () => {
    const stopOther = await begin("/v1/chat/completions", true, "bob");
    const slowest: Record<string, number> = {};
    for (let i = 0; i < times; i++) {
      for (const [what, path, stream] of kinds) {
        const ms = await freedAfter(path, stream, 1);
        slowest[what] = Math.max(slowest[what] ?? 0, ms);
      }
    }
    stopOther();
    await until(async () => (await busy()) === 0, "the other is gone too");
    for (const [what] of kinds) expect([what, slowest[what]! < 1_000]).toEqual([what, true]);
  }, 240_000);

  it.each(kinds)(
    "pays for what was generated until then: %s",
    async (_what, path, stream) => {
      const before = await predicted();
      const leave = await begin(path, stream, "carol");
      await until(async () => (await decoded()) > 5_000, "thousands of tokens", 60_000);
      const seen = await decoded();
      leave();
      await until(async () => (await busy()) === 0, "llama-server's slot is free");
      await until(() => gateway.rows().at(-1)?.state === "cancelled", "the row is closed");
      const theirs = (await predicted()) - before;
      const row = gateway.rows().at(-1);
      expect(row).toMatchObject({ status: 499, usage_source: "estimated" });
      expect(row?.output_tokens).toBeGreaterThan(0.9 * theirs);
      expect(row?.output_tokens).toBeLessThan(1.1 * theirs);
      // What its slot told last, just before: no more has been generated since than in a moment.
      expect(row?.output_tokens).toBeGreaterThan(0.9 * seen);
      expect(row?.output_tokens).toBeLessThan(1.1 * seen);
    },
    90_000,
  );

  const decoded = async (): Promise<number> =>
    Math.max(...(await slots()).map((slot) => slot.next_token?.[0]?.n_decoded ?? 0));

  it("leaves no row open, and no slot held", async () => {
    await until(() => gateway.rows().every(({ state }) => state === "cancelled"), "all are closed");
    expect((await gateway.health()).line).toMatchObject({ active: 0, waiting: 0 });
  });
});

async function drained(body: ReadableStream<Uint8Array> | null): Promise<void> {
  try {
    for await (const _ of body ?? []);
  } catch {
    // It left.
  }
}
