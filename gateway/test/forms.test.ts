import { writeFileSync } from "node:fs";
import OpenAI, { toFile } from "openai";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newTestKey, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { type Handler, type MockUpstream, startMockUpstream } from "./support/mock-upstream.ts";

const answering: Handler = (_seen, response) => {
  response.setHeader("content-type", "application/json").end('{"text":"hello"}');
};
const audio = Buffer.alloc(3_000_000, "RIFF");
const path = "/v1/audio/transcriptions";

let gateway: TestGateway;
let ears: MockUpstream;
beforeEach(async () => {
  ears = await startMockUpstream(answering);
  const config = `
upstreams: { ears: { url: "${ears.url}", type: openai } }
routes: [{ model: "whisper*", upstream: ears }]`;
  gateway = await startTestGateway(answering, {}, config);
});
afterEach(async () => {
  expect((await gateway.health()).line).toMatchObject({ active: 0, waiting: 0 });
  await gateway.stop();
  await ears.close();
});

const sent = (): [number, number] => [gateway.upstream.seen.length, generationsOf(ears)];
const generationsOf = ({ seen }: MockUpstream): number =>
  seen.filter(({ url }) => url.startsWith(path)).length;

/** A form of these fields, in this order; a Buffer is a file. */
async function post(
  fields: [string, string | Buffer][],
  headers: Record<string, string> = {},
): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of fields) {
    if (typeof value === "string") form.append(name, value);
    else form.append(name, new Blob([new Uint8Array(value)]), "a.wav");
  }
  const authorization = `Bearer ${gateway.keys.alice}`;
  return fetch(gateway.url + path, {
    method: "POST",
    headers: { authorization, ...headers },
    body: form,
  });
}

/** A key that may use these models only. */
function keyFor(...models: string[]): { authorization: string } {
  const key = newTestKey();
  writeFileSync(gateway.usersFile, JSON.stringify({ [key]: { user: "dora", models } }));
  return { authorization: `Bearer ${key}` };
}

describe("a form", () => {
  it.each<[string, [string, string | Buffer][]]>([
    [
      "before the file",
      [
        ["model", "whisper-1"],
        ["file", audio],
      ],
    ],
    [
      "after the file",
      [
        ["file", audio],
        ["language", "de"],
        ["model", "whisper-1"],
      ],
    ],
  ])("goes where its model is, named %s, with its bytes as they were", async (_, fields) => {
    const response = await post(fields);
    expect(await response.json()).toEqual({ text: "hello" });
    const [seen] = ears.seen.filter(({ url }) => url === path);
    expect(seen?.body.length).toBeGreaterThan(audio.length);
    expect(seen?.body.includes(audio)).toBe(true);
    expect(seen?.body.toString("latin1")).toMatch(/name="model"\r\n\r\nwhisper-1\r\n/);
    expect(gateway.rows()).toMatchObject([{ model: "whisper-1", upstream: "ears", status: 200 }]);
  });

  it("of OpenAI's own client is sent on too", async () => {
    const apiKey = gateway.keys.alice ?? "";
    const openai = new OpenAI({ apiKey, baseURL: `${gateway.url}/v1`, maxRetries: 0 });
    const file = await toFile(audio, "a.wav");
    const said = await openai.audio.transcriptions.create({ file, model: "whisper-1" });
    expect(said.text).toBe("hello");
    expect(generationsOf(ears)).toBe(1);
  });

  it("without a model goes to the upstream for requests without a model", async () => {
    expect((await post([["file", audio]])).status).toBe(200);
    expect(generationsOf(gateway.upstream)).toBe(1);
    expect(gateway.rows()).toMatchObject([{ model: null, upstream: gateway.upstream.url }]);
  });

  it("that stays incomplete is given up after the longest pause that a sender may make", async () => {
    await gateway.stop();
    gateway = await startTestGateway(
      answering,
      { BODY_TIMEOUT: "300ms" },
      "routes: [{ model: a, upstream: default }]",
    );
    const response = await fetch(gateway.url + path, {
      method: "POST",
      headers: {
        authorization: `Bearer ${gateway.keys.alice}`,
        "content-type": "multipart/form-data; boundary=x",
      },
      body: new ReadableStream({
        start: (stream) => stream.enqueue(Buffer.from("--x\r\nContent-Disposition: form-data; ")),
      }),
      duplex: "half",
    } as RequestInit);
    expect(response.status).toBe(408);
    expect(gateway.rows()).toEqual([]);
  });
});

describe("a form of a key that is limited to models", () => {
  it("passes with one of these models, and is refused with another model or without one", async () => {
    const headers = keyFor("whisper-*");
    const file = ["file", audio] as [string, Buffer];
    await until(async () => (await post([file, ["model", "whisper-1"]], headers)).ok, "it counts");
    expect((await post([["model", "whisper-1"], file], headers)).status).toBe(200);
    const before = sent();
    expect((await post([file, ["model", "large"]], headers)).status).toBe(403);
    expect((await post([file], headers)).status).toBe(403);
    expect(
      (await post([["model", "whisper-1"], file], { ...headers, "content-encoding": "gzip" }))
        .status,
    ).toBe(403);
    expect(sent()).toEqual(before);
  });

  it.each<[string, [string, string | Buffer][]]>([
    [
      "in one piece with the first",
      [
        ["model", "whisper-1"],
        ["model", "large"],
        ["file", Buffer.from("x")],
      ],
    ],
    [
      "after a large file",
      [
        ["model", "whisper-1"],
        ["file", audio],
        ["model", "large"],
      ],
    ],
  ])("cannot reach a second model, named %s", async (_, fields) => {
    const headers = keyFor("whisper-*");
    await until(async () => (await post([["model", "whisper-1"]], headers)).ok, "it counts");
    const whole = ears.seen.length;
    expect((await post(fields, headers)).status).toBe(403);
    expect(ears.seen.slice(whole).filter(({ body }) => body.includes("large"))).toEqual([]);
  });
});
