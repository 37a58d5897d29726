import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { isJsonObject, type JsonObject } from "../json-object.ts";
import { startTestGateway, type TestGateway, until } from "./support/harness.ts";
import {
  type LlamaServer,
  llamaScript,
  startLlamaServer,
  whyNoLlama,
} from "./support/llama-server.ts";
import { politeChat } from "./support/mock-upstream.ts";

// Requests of coding agents and of programs that speak Ollama, in their own forms, at a real
// llama-server: it takes them, streams, and the answer is counted. The model says nothing of use.

if (llamaScript === null) console.warn(`real-agents: ${whyNoLlama}`);

const folder = join(import.meta.dirname, "fixtures/agents");
const agents = readdirSync(folder).map((file) => file.replace(".json", ""));

/** Texts are filler. With less of it the form is the same, and the context of a tiny model is enough. */
function shortened(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shortened);
  if (isJsonObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shortened(one)]));
  }
  return typeof value === "string" && /^x{50,}$/.test(value) ? "x".repeat(50) : value;
}

/** The request with a limit of tokens in its own dialect. The tiny model sees no pictures. */
function limited(path: string, body: JsonObject): JsonObject {
  const model = "model" in body ? { model: "tiny" } : {};
  if (path.startsWith("/api/")) {
    const turns = Array.isArray(body.messages) ? body.messages : [];
    const messages = turns.map((turn) => ({ ...turn, images: [] }));
    return { ...body, ...model, messages, options: { num_predict: 4 } };
  }
  if (path.includes("/v1beta/")) return { ...body, generationConfig: { maxOutputTokens: 4 } };
  const name = path.includes("/responses") ? "max_output_tokens" : "max_tokens";
  return { ...body, ...model, [name]: 4 };
}

describe.runIf(llamaScript !== null)("a request in its own form, at a real llama-server", () => {
  let llama: LlamaServer;
  let gateway: TestGateway;
  beforeAll(async () => {
    llama = await startLlamaServer(llamaScript ?? "", { CTX: "131072" });
    gateway = await startTestGateway(politeChat, {
      UPSTREAM_URL: llama.url,
      UPSTREAM_TYPE: "auto",
    });
  }, 60_000);
  afterAll(async () => {
    await gateway.stop();
    llama.stop();
  });

  it.each(agents)(
    "of %s is accepted, streamed and counted",
    async (agent) => {
      const shape = JSON.parse(readFileSync(join(folder, `${agent}.json`), "utf8"));
      const path = String(shape.path).replace("/models/mock:", "/models/tiny:");
      const before = gateway.rows().length;
      const response = await gateway.post(path, limited(path, shortened(shape.body) as JsonObject));
      const text = await response.text();
      expect(response.status, text.slice(0, 500)).toBe(200);
      expect(text).not.toMatch(/"error":\s*[{"]/);
      await until(() => gateway.rows()[before]?.state === "done", "its row is closed");
      const row = gateway.rows()[before];
      expect(row).toMatchObject({ streamed: 1, status: 200, usage_source: "reported" });
      expect(row?.input_tokens).toBeGreaterThan(100);
      expect(row?.output_tokens).toBeGreaterThan(0);
    },
    120_000,
  );
});
