import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type TestGateway, until } from "./support/harness.ts";
import { type Mutation, mutated, mutation } from "./support/mutation.ts";
import { families, startThreeFamilies } from "./support/three-families.ts";

// Answers of three families with odd values at odd places, passed and converted, streamed and whole.
// FUZZ_SEED repeats a run; FUZZ_RUNS makes it longer.

const seed = Number(process.env.FUZZ_SEED ?? 7);
const numRuns = Number(process.env.FUZZ_RUNS ?? 150);

let current: Mutation = { event: 0, places: [0], odd: null, how: 2 };
let gateway: TestGateway;

beforeAll(async () => {
  gateway = await startThreeFamilies((value, index, count) =>
    index === current.event % count ? mutated(value, current) : value,
  );
});
afterAll(() => gateway.stop());

const asks: Record<string, (model: string, stream: boolean) => [string, object]> = {
  chat: (model, stream) => [
    "/v1/chat/completions",
    { model, stream, messages: [{ role: "user", content: "x" }] },
  ],
  messages: (model, stream) => [
    "/v1/messages",
    { model, stream, max_tokens: 5, messages: [{ role: "user", content: "x" }] },
  ],
  ollama: (model, stream) => [
    "/api/chat",
    { model, stream, messages: [{ role: "user", content: "x" }] },
  ],
  responses: (model, stream) => ["/v1/responses", { model, stream, input: "x" }],
  gemini: (model, stream) => [
    `/v1beta/models/${model}:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
    { contents: [{ role: "user", parts: [{ text: "x" }] }] },
  ],
};

it("no answer makes a 500, a row with wrong numbers, or a slot that is not given back", async () => {
  const dialect = fc.constantFrom(...Object.keys(asks));
  const family = fc.constantFrom(...families);
  await fc.assert(
    fc.asyncProperty(dialect, family, fc.boolean(), mutation, async (name, model, stream, how) => {
      current = how;
      const [path, body] = asks[name]?.(model, stream) ?? ["", {}];
      const response = await gateway.post(path, body);
      const text = await response.text();
      expect(response.status).not.toBe(500);
      expect(text).not.toContain("The gateway failed");
    }),
    { seed, numRuns },
  );
  await until(async () => (await gateway.health()).line.active === 0, "all slots are free");
  for (const row of gateway.rows()) {
    expect(row.state).not.toBe("open");
    for (const tokens of [row.input_tokens, row.output_tokens, row.cached_tokens]) {
      expect(tokens === null || (Number.isInteger(tokens) && tokens >= 0)).toBe(true);
    }
  }
}, 120_000);
