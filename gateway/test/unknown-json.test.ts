import { writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import OpenAI from "openai";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newTestKey, startTestGateway, type TestGateway } from "./support/harness.ts";
import { type Handler, type MockUpstream, startMockUpstream } from "./support/mock-upstream.ts";

const image = '{"created":1,"data":[{"b64_json":"aGk="}]}';
const answering: Handler = ({ url }, response) => {
  if (url === "/v1/audio/speech")
    response.setHeader("content-type", "audio/mpeg").end(Buffer.alloc(100_000, 7));
  else response.setHeader("content-type", "application/json").end(image);
};

let gateway: TestGateway;
let studio: MockUpstream;
beforeEach(async () => {
  studio = await startMockUpstream(answering);
  const config = `
upstreams: { studio: { url: "${studio.url}", type: openai } }
routes: [{ model: "tts-*", upstream: studio, as: kokoro }, { model: flux, upstream: studio }]`;
  gateway = await startTestGateway(answering, {}, config);
});
afterEach(async () => {
  expect((await gateway.health()).line).toMatchObject({ active: 0, waiting: 0 });
  await gateway.stop();
  await studio.close();
});

const postsTo = ({ seen }: MockUpstream): string[] =>
  seen.filter(({ method }) => method === "POST").map(({ body }) => body.toString());

function openai(apiKey = gateway.keys.alice ?? ""): OpenAI {
  return new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
}

describe("JSON for a generation that the gateway does not know", () => {
  it("goes to the upstream of its model, with the model's name there and nothing else changed", async () => {
    const asked = { model: "tts-1", voice: "alloy", input: "hello" } as const;
    const speech = await openai().audio.speech.create(asked);
    expect((await speech.arrayBuffer()).byteLength).toBe(100_000);
    expect(postsTo(studio)).toEqual([JSON.stringify({ ...asked, model: "kokoro" })]);
    expect(gateway.rows()).toMatchObject([
      { model: "tts-1", upstream: "studio", dialect: "openai", state: "done", status: 200 },
    ]);
  });

  it("gets the answer of the upstream byte for byte", async () => {
    const answer = await gateway.post("/v1/images/generations", { model: "flux", prompt: "a cat" });
    expect(await answer.text()).toBe(image);
    expect(postsTo(studio)).toHaveLength(1);
  });

  it("may come compressed", async () => {
    const body = gzipSync('{"model":"flux","prompt":"a cat"}');
    const headers = {
      "content-type": "application/json; charset=utf-8",
      "content-encoding": "gzip",
    };
    expect((await gateway.post("/v1/images/generations", body, { headers })).status).toBe(200);
    expect(postsTo(studio)).toEqual(['{"model":"flux","prompt":"a cat"}']);
  });

  it.each([
    ["no JSON", '{"model":"flux",', null],
    ["two models", '{"model":"flux","model":"tts-1"}', "model"],
    ["a model that is none", '{"model":7}', "model"],
  ])("is a 400 without a row where it holds %s", async (_, body, param) => {
    const headers = { "content-type": "application/json" };
    const answer = await gateway.post("/v1/images/generations", body, { headers });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ error: { type: "invalid_request_error", param } });
    expect(gateway.rows()).toEqual([]);
    expect(postsTo(studio)).toEqual([]);
  });

  it("without a model goes to the upstream for requests without a model", async () => {
    expect((await gateway.post("/v1/images/generations", { prompt: "a cat" })).status).toBe(200);
    expect(postsTo(gateway.upstream)).toHaveLength(1);
  });

  it("lets a limited key use its models, but no other model by another spelling or as a second `model` field", async () => {
    const key = newTestKey();
    writeFileSync(gateway.usersFile, JSON.stringify({ [key]: { user: "dora", models: ["flux"] } }));
    const headers = { authorization: `Bearer ${key}` };
    const ask = async (fields: object): Promise<number> =>
      (await gateway.post("/v1/images/generations", fields, { headers })).status;
    expect(await ask({ model: "flux", prompt: "a cat" })).toBe(200);
    expect(await ask({ model: "tts-1", prompt: "a cat" })).toBe(403);
    expect(await ask({ prompt: "a cat" })).toBe(403);
    expect(await ask({ model: "flux", Model: "tts-1" })).toBe(400);
    expect(await ask({ model: "flux", models: ["tts-1"] })).toBe(403);
    expect(postsTo(studio)).toHaveLength(1);
    expect(postsTo(gateway.upstream)).toEqual([]);
  });
});

it("passes on a body unread if only one upstream could be meant", async () => {
  await using single = await startTestGateway(answering);
  const headers = { "content-type": "application/json" };
  const answer = await single.post("/v1/images/generations", "{odd", { headers });
  expect(answer.status).toBe(200);
  expect(postsTo(single.upstream)).toEqual(["{odd"]);
});
