import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/harness.ts";
import { politeChat } from "./support/mock-upstream.ts";
import { rawHttp, statusOf } from "./support/raw-http.ts";

// Each of these once led a key that is limited to some models to another one.

let gateway: TestGateway;
afterEach(() => gateway.stop());

/** Bob may use `ok`, and nothing else. */
async function start(config?: string): Promise<void> {
  gateway = await startTestGateway(politeChat, {}, config);
  const users = JSON.parse(readFileSync(gateway.usersFile, "utf8")) as Record<string, unknown>;
  users[gateway.keys.bob ?? ""] = { user: "bob", models: ["ok"] };
  writeFileSync(gateway.usersFile, JSON.stringify(users));
}

const ask = async (path: string, body: string): Promise<[number, number]> => {
  const before = gateway.upstream.seen.length;
  const { status } = await gateway.post(path, body, { user: "bob" });
  return [status, gateway.upstream.seen.length - before];
};

const chatOf = (models: string): string =>
  `{${models},"messages":[{"role":"user","content":"the word \\"model\\" may stand here"}]}`;

describe("a key limited to some models", () => {
  it.each([
    ["twice", '"model":"other","model":"ok"', 400],
    ["twice, once in escapes", '"mo\\u0064el":"other","model":"ok"', 400],
    ["as Go's servers read it", '"model":"ok","Model":"other"', 400],
    ["among those to ask instead", '"model":"ok","models":["ok","other"]', 403],
    ["among those to ask instead, oddly", '"model":"ok","models":[["other"]]', 403],
  ])("names no other one %s", async (_how, models, status) => {
    await start();
    expect(await ask("/v1/chat/completions", chatOf(models))).toEqual([status, 0]);
  });

  it("may name its own models, also as fallbacks", async () => {
    await start();
    const body = chatOf('"model":"ok","models":["ok"]');
    expect(await ask("/v1/chat/completions", body)).toEqual([200, 1]);
  });

  it.each(["/v1/tokenize", "/v1/responses/input_tokens", "/v1/models/load", "/v1/models/unload"])(
    "asks %s of no other one",
    async (path) => {
      await start();
      expect(await ask(path, '{"model":"other"}')).toEqual([403, 0]);
      expect(await ask(path, '{"model":"other","model":"ok"}')).toEqual([400, 0]);
      expect(await ask(path, '{"model":"ok"}')).toEqual([200, 1]);
    },
  );

  it.each([
    ["DELETE", "/v1/models/other"],
    ["GET", "/v1/models/"],
    ["HEAD", "/v1/models/other"],
    ["GET", "/v1beta/models/"],
  ])("does not reach the upstream's own list by %s %s", async (method, path) => {
    await start();
    const headers = { authorization: `Bearer ${gateway.keys.bob}` };
    const { status } = await fetch(gateway.url + path, { method, headers });
    expect([status, gateway.upstream.seen.length]).toEqual([403, 0]);
  });

  it.each([
    ["/v1/realtime?model=ok&model=other", 400],
    ["/v1/realtime?model=ok&Model=other", 400],
    ["/v1/realtime?model=other", 403],
    ["/v1/responses?model=ok", 403],
  ])("opens no WebSocket to another one by %s", async (path, status) => {
    await start();
    const answer = await rawHttp(gateway.port, [
      `GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${gateway.keys.bob}\r\n` +
        "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n" +
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    ]);
    expect([statusOf(answer), gateway.upstream.seen.length]).toEqual([status, 0]);
  });
});

it("a load request for a model goes to the upstream of this model", async () => {
  await using other = await startTestGateway(politeChat);
  await start(`upstreams: { far: { url: "${other.upstream.url}", type: openai } }
routes: [{ model: ok, upstream: far, as: mock }]
`);
  expect(await ask("/v1/models/load", '{"model":"ok"}')).toEqual([200, 0]);
  expect(other.upstream.seen[0]?.body.toString()).toBe('{"model":"mock"}');
});
