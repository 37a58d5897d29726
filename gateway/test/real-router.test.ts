import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestGateway } from "./support/harness.ts";
import {
  type LlamaServer,
  llamaScript,
  startLlamaServer,
  whyNoLlama,
} from "./support/llama-server.ts";
import { politeChat } from "./support/mock-upstream.ts";

if (llamaScript === null) console.warn(`real-router: ${whyNoLlama}`);

type Answer = { usage: { completion_tokens: number } };

const requests = 24;
const maxTokens = 200;
const bodyFor = (model: string): Record<string, unknown> => ({
  model,
  messages: [{ role: "user", content: "Tell me a story" }],
  max_tokens: maxTokens,
});

/** A real llama-server that holds one of two models at a time. */
describe.runIf(llamaScript !== null)("two models on a llama-server in router mode", () => {
  let models: string;
  let llama: LlamaServer;

  beforeAll(async () => {
    models = mkdtempSync(join(tmpdir(), "llama-models-"));
    const from = join(dirname(llamaScript ?? ""), "models");
    for (const name of ["tiny.gguf", "tiny2.gguf"]) cpSync(join(from, name), join(models, name));
    const flags = ["--models-dir", models, "--models-max", "1"];
    llama = await startLlamaServer(llamaScript ?? "", { NOMODEL: "1" }, flags);
  }, 60_000);
  afterAll(() => {
    llama?.stop();
    rmSync(models, { recursive: true, force: true });
  });

  /** Models loaded so far, as each process of a model tells of itself. */
  const loads = (): number => llama.log().match(/llama_server: model loaded$/gm)?.length ?? 0;

  /** One at a time, in the order of arrival. */
  async function inOrder(arrivals: readonly string[]): Promise<number> {
    const before = loads();
    for (const model of arrivals) {
      const response = await fetch(`${llama.url}/v1/chat/completions`, {
        method: "POST",
        body: JSON.stringify(bodyFor(model)),
      });
      expect(response.status).toBe(200);
      expect(((await response.json()) as Answer).usage.completion_tokens).toBe(maxTokens);
    }
    return loads() - before;
  }

  /** Of two users, all at once or one every so many milliseconds, streamed and not. */
  async function throughTheLine(
    asked: readonly string[],
    everyMs: number,
  ): Promise<{ count: number; arrivals: string[] }> {
    const before = loads();
    const gateway = await startTestGateway(politeChat, {
      UPSTREAM_URL: llama.url,
      UPSTREAM_TYPE: "auto",
      MAX_CONCURRENT: "2",
      EXCLUSIVE_MODELS: "on",
    });
    try {
      const answers = asked.map(async (model, i) => {
        await new Promise((resolve) => setTimeout(resolve, i * everyMs));
        const response = await gateway.post(
          "/v1/chat/completions",
          { ...bodyFor(model), stream: i % 3 === 0 },
          { user: i % 4 < 2 ? "alice" : "bob" },
        );
        await response.text();
        return response.status;
      });
      expect(await Promise.all(answers)).toEqual(asked.map(() => 200));
      const rows = gateway.rows();
      expect(rows.map(({ state, output_tokens }) => [state, output_tokens])).toEqual(
        asked.map(() => ["done", maxTokens]),
      );
      return { count: loads() - before, arrivals: rows.map(({ model }) => model ?? "") };
    } finally {
      await gateway.stop();
    }
  }

  it("are listed without the server's command line and paths", async () => {
    await using gateway = await startTestGateway(politeChat, { UPSTREAM_URL: llama.url });
    const headers = { authorization: `Bearer ${gateway.keys.bob}` };
    const own = await (await fetch(`${llama.url}/v1/models`)).text();
    // The server itself tells both: else this test would prove nothing.
    expect(own).toContain(models);
    for (const path of ["/v1/models", "/v1/models/tiny", "/api/v1/models"]) {
      const text = await (await fetch(gateway.url + path, { headers })).text();
      expect(text).toContain("tiny");
      expect(text).not.toMatch(/"args"|"preset"|\.gguf|--models-dir/);
      expect(text).not.toContain(models);
    }
  });

  it.each([
    ["there from the start", 0],
    ["arriving one after the other", 20],
  ])(
    "are loaded at most a third as often as in order of arrival: all %s",
    async (_how, everyMs) => {
      const asked = Array.from({ length: requests }, (_, i) => (i % 2 === 0 ? "tiny" : "tiny2"));
      const line = await throughTheLine(asked, everyMs);
      const fifo = await inOrder(line.arrivals);
      expect(line.count).toBeGreaterThan(0);
      expect(line.count).toBeLessThanOrEqual(fifo / 3);
    },
    120_000,
  );

  it("are three after a file has come, for the administrator that asks to look again", async () => {
    await using gateway = await startTestGateway(politeChat, {
      UPSTREAM_URL: llama.url,
      UPSTREAM_TYPE: "auto",
    });
    const list = async (user: string, query: string): Promise<string[]> => {
      const headers = { authorization: `Bearer ${gateway.keys[user]}` };
      const answer = await fetch(`${gateway.url}/v1/models${query}`, { headers });
      return ((await answer.json()) as { data: { id: string }[] }).data.map(({ id }) => id);
    };
    expect(await list("admin", "")).toEqual(["tiny", "tiny2"]);
    cpSync(join(models, "tiny.gguf"), join(models, "tiny3.gguf"));
    expect(await list("alice", "?reload=1")).toEqual(["tiny", "tiny2"]);
    expect(await list("admin", "?reload=1")).toEqual(["tiny", "tiny2", "tiny3"]);
    expect(await list("alice", "")).toContain("tiny3");
  }, 30_000);
});
