import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/harness.ts";
import { politeChat } from "./support/mock-upstream.ts";
import { rawHttp } from "./support/raw-http.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway(politeChat);
});
afterAll(() => gateway.stop());

const body = (answer: string): unknown => JSON.parse(answer.slice(answer.indexOf("\r\n\r\n") + 4));
const error = { type: "invalid_request_error" };

describe("a path that is refused", () => {
  it.each([
    ["/v1/chat/../x", { error: { ...error, code: "invalid_path" } }],
    ["/v1/messages/../x", { type: "error", error }],
    [
      "/v1beta/models/org%2Fm:generateContent",
      { error: { code: 400, status: "INVALID_ARGUMENT" } },
    ],
    ["/api/v1/chat//completions", { error: { code: 400, metadata: expect.anything() } }],
  ])("is refused in the words of its dialect: %s", async (path, expected) => {
    const answer = await rawHttp(gateway.port, [
      `POST ${path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`,
    ]);
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect(body(answer)).toMatchObject(expected);
  });
});

describe("an unknown path below a known one", () => {
  it.each([
    "/v1/responses/compact",
    "/v1/messages/batches",
    "/v1/messages/foo",
    "/v1/chat/completions/foo",
  ])("is the upstream's 404, and is not answered as a generation: %s", async (path) => {
    gateway.upstream.answer((seen, response) => {
      response.writeHead(404, { "content-type": "application/json" });
      response.end(JSON.stringify({ error: { message: `no ${seen.url}`, type: "not_found" } }));
    });
    const before = gateway.upstream.seen.length;
    const messages = [{ role: "user", content: "hi" }];
    const answer = await gateway.post(path, { model: "m", max_tokens: 5, messages, input: "hi" });
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain(`no ${path}`);
    expect(gateway.upstream.seen.slice(before).map(({ url }) => url)).toEqual([path]);
  });
});
