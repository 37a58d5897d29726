import { afterEach, expect, it } from "vitest";
import type { Family } from "../dialects/dialect.ts";
import { type CountBodies, countBodies } from "../dialects/hub/count-bodies.ts";
import {
  type Handler,
  type MockUpstream,
  startMockUpstream,
} from "../test/support/mock-upstream.ts";
import { countConverted } from "./converted-count.ts";
import { openUpstream, type ServerType, type Upstream } from "./upstream.ts";

let mock: MockUpstream;
let upstream: Upstream;
afterEach(async () => {
  await upstream.connections.close();
  await mock.close();
});

const schema = { type: "object", properties: { city: { type: "string" } } };
const source = { type: "base64", media_type: "image/png", data: "iVBORw0KGgo=" };
const body = {
  model: "asked",
  system: "Be brief.",
  messages: [
    {
      role: "user",
      content: [
        { type: "text", text: "Hello." },
        { type: "image", source },
      ],
    },
  ],
  tools: [{ name: "weather", description: "Tells it.", input_schema: schema }],
};

async function count(type: ServerType, handler: Handler, asked: object = body): Promise<unknown> {
  mock = await startMockUpstream(handler);
  upstream = openUpstream({ url: `${mock.url}/sub`, key: "k", type, connectTimeoutMs: 5_000 });
  const outbound = {
    method: "POST",
    path: "/v1/messages/count_tokens",
    headers: { authorization: "Bearer k" },
    body: Buffer.from(JSON.stringify(asked)),
    firstByteMs: 5_000,
    idleMs: 5_000,
    fresh: false,
  };
  const signal = AbortSignal.timeout(10_000);
  const questions = (family: Family): Promise<CountBodies> =>
    countBodies(outbound.body, { family, model: "up" });
  return countConverted(upstream, outbound, questions, (chars) => chars, signal);
}

it("llama.cpp counts the tokens of its own template", async () => {
  const answer = count("llamacpp", (seen, response) => {
    const isTemplate = seen.url === "/sub/apply-template";
    response.end(JSON.stringify(isTemplate ? { prompt: "<s>Hello." } : { tokens: [1, 2, 3] }));
  });
  expect(await answer).toBe(3);
  const [template, tokenize] = mock.seen.map((seen) => JSON.parse(seen.body.toString()) as object);
  expect(template).toMatchObject({
    messages: [{ role: "system", content: "Be brief." }, { role: "user" }],
    tools: [{ type: "function", function: { name: "weather" } }],
  });
  expect(tokenize).toEqual({ content: "<s>Hello.", add_special: true, parse_special: true });
});

it("Gemini is asked by its own countTokens", async () => {
  const answer = count("google", (_seen, response) => {
    response.end(JSON.stringify({ totalTokens: 42 }));
  });
  expect(await answer).toBe(42);
  expect(mock.seen[0]?.url).toBe("/sub/v1beta/models/up:countTokens");
  expect(JSON.parse(String(mock.seen[0]?.body))).toMatchObject({
    generateContentRequest: { model: "models/up", systemInstruction: { parts: [{}] } },
  });
});

it("elsewhere all texts are estimated, and nobody is asked", async () => {
  const answer = await count("ollama", () => {});
  const texts = "Be brief.Hello.weatherTells it.objectstring".length;
  expect(answer).toBeGreaterThanOrEqual(texts);
  expect(answer).toBeLessThan(2 * texts);
  expect(mock.seen).toHaveLength(0);
});

it("what is wrong with the request is the client's to hear", async () => {
  const asked = { ...body, messages: "Hello." };
  await expect(count("ollama", () => {}, asked)).rejects.toMatchObject({ param: "messages" });
});
