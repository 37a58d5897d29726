import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { startTestGateway, type TestGateway } from "./support/harness.ts";
import { politeChat } from "./support/mock-upstream.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startTestGateway(politeChat);
});
afterAll(() => gateway.stop());

const openai = { error: { type: "authentication_error", param: null } };
const anthropic = { type: "error", error: { type: "authentication_error" } };

/** One path of each dialect, and what its clients look for in a 401. */
const dialects: [string, object][] = [
  ["/v1/chat/completions", openai],
  ["/v1/completions", openai],
  ["/v1/responses", openai],
  ["/v1/embeddings", openai],
  ["/v1/rerank", openai],
  ["/v1/audio/transcriptions", openai],
  ["/v1/files", openai],
  ["/v1/nobody/knows/this", openai],
  ["/v1/messages", anthropic],
  ["/v1/messages/count_tokens", anthropic],
  ["/v1beta/models/m:generateContent", { error: { code: 401, status: "UNAUTHENTICATED" } }],
  ["/api/v1/chat/completions", { error: { code: 401 } }],
  ["/api/v1/messages", anthropic],
  ["/limits", openai],
  ["/nothing/here", openai],
];

describe.each(dialects)("POST %s", (path, shape) => {
  it.each([
    ["without a key", "", /API key is needed/],
    ["with a key in the query", "key", /key in the URL/],
    ["with a key as api_key in the query", "api_key", /key in the URL/],
  ])("%s is a 401 in its dialect, with a challenge and a hint", async (_what, name, message) => {
    const query = name === "" ? "" : `?a=b&${name}=${gateway.keys.alice}`;
    const response = await fetch(gateway.url + path + query, { method: "POST", body: "{}" });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toMatch(/^Bearer /);
    const body = (await response.json()) as { error: { message: string } };
    expect(body).toMatchObject(shape);
    expect(body.error.message).toMatch(message);
    expect(body.error.message).toContain("Authorization: Bearer <key>");
    expect(gateway.upstream.seen).toEqual([]);
  });
});

it.each([
  ["without a key", "", {}],
  ["with a key in the query", "key", {}],
  ["with a wrong key", "", { "x-goog-api-key": "sk-wrong" }],
])(
  "a WebSocket %s is a 401 with a challenge, and reaches nothing",
  async (_what, name, headers) => {
    const query = name === "" ? "" : `?${name}=${gateway.keys.alice}`;
    const url = `ws://127.0.0.1:${gateway.port}/v1/realtime${query}`;
    const socket = new WebSocket(url, { headers });
    const answer = await new Promise((resolve, reject) => {
      socket.once("unexpected-response", (_request, response) =>
        resolve([response.statusCode, response.headers["www-authenticate"]]),
      );
      socket.once("open", () => reject(new Error("it was opened")));
    });
    expect(answer).toEqual([401, expect.stringMatching(/^Bearer /)]);
    socket.on("error", () => {}).terminate();
    expect(gateway.upstream.seen).toEqual([]);
    expect(gateway.rows()).toEqual([]);
  },
);

it.each([
  ["authorization", "Bearer "],
  ["authorization", "bearer  "],
  ["x-api-key", ""],
  ["x-goog-api-key", ""],
])("a key as '%s: %s…' lets in on every dialect's list", async (header, scheme) => {
  for (const path of ["/v1/models", "/api/v1/models", "/v1beta/models"]) {
    const headers = { [header]: scheme + gateway.keys.alice };
    expect((await fetch(gateway.url + path, { headers })).status).toBe(200);
  }
});
