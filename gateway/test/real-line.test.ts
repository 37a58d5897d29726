import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { startTestGateway, until } from "./harness.ts";
import { llamaScript, startLlamaServer, whyNoLlama } from "./llama-server.ts";
import { politeChat } from "./mock-upstream.ts";

if (llamaScript === null) console.warn(`real-line: ${whyNoLlama}`);

const messages = [{ role: "user", content: "Tell me a story" }];

describe.runIf(llamaScript !== null)("the line in front of a real llama-server", () => {
  it("MAX_CONCURRENT=auto takes as many slots as it has", async () => {
    const llama = await startLlamaServer(llamaScript ?? "", { NP: "3" });
    const gateway = await startTestGateway(politeChat, {
      UPSTREAM_URL: llama.url,
      UPSTREAM_TYPE: "auto",
      MAX_CONCURRENT: "auto",
    });
    await until(async () => {
      const { line } = (await gateway.health()) as unknown as { line: { capacity: number } };
      return line.capacity === 3;
    }, "three slots");
    await gateway.stop();
    llama.stop();
  });

  it("in router mode no generation is killed, and models are not swapped at each turn", async () => {
    const models = mkdtempSync(join(tmpdir(), "llama-models-"));
    const from = join(dirname(llamaScript ?? ""), "models");
    for (const name of ["tiny.gguf", "tiny2.gguf"]) cpSync(join(from, name), join(models, name));
    const llama = await startLlamaServer(llamaScript ?? "", { NOMODEL: "1" }, [
      "--models-dir",
      models,
      "--models-max",
      "1",
    ]);
    const gateway = await startTestGateway(politeChat, {
      UPSTREAM_URL: llama.url,
      UPSTREAM_TYPE: "auto",
      MAX_CONCURRENT: "2",
      EXCLUSIVE_MODELS: "on",
    });
    const asked = Array.from({ length: 16 }, (_, i) => (i % 2 === 0 ? "tiny" : "tiny2"));
    const answers = await Promise.all(
      asked.map(async (model, i) => {
        const response = await gateway.post(
          "/v1/chat/completions",
          { model, messages, max_tokens: 200, stream: i % 4 < 2 },
          { user: i % 3 === 0 ? "alice" : "bob" },
        );
        return { status: response.status, text: await response.text() };
      }),
    );
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
    const rows = gateway.rows();
    expect(rows).toHaveLength(16);
    expect(
      rows.every(({ state, output_tokens }) => state === "done" && output_tokens === 200),
    ).toBe(true);
    await gateway.stop();
    llama.stop();
    rmSync(models, { recursive: true, force: true });
  });
});
