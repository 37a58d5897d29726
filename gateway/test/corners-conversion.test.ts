import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/harness.ts";
import { inLine } from "./support/holding.ts";
import { politeChat } from "./support/mock-upstream.ts";

// What a client or an upstream may send to keep everybody else from being served.

let gateway: TestGateway;
afterEach(() => gateway.stop());

const gemini = "/v1beta/models/mock:streamGenerateContent?alt=sse";
const contents = [{ role: "user", parts: [{ text: "hello" }] }];

/** One call whose arguments never end. */
async function endlessCall(response: ServerResponse): Promise<void> {
  const chunk = (call: object): string =>
    `data: ${JSON.stringify({ id: "x", object: "chat.completion.chunk", created: 1, model: "m", choices: [{ index: 0, delta: { tool_calls: [{ index: 0, ...call }] }, finish_reason: null }] })}\n\n`;
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.write(
    chunk({ id: "c", type: "function", function: { name: "f", arguments: '{"a":"' } }),
  );
  const more = chunk({ function: { arguments: "x".repeat(1024 * 1024) } });
  while (!response.closed) {
    if (!response.write(more)) await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

describe("a request that has to be converted", () => {
  it("with more parts than any real conversation is refused before it blocks the gateway", async () => {
    gateway = await startTestGateway(politeChat);
    const parts = Array.from({ length: 250_000 }, () => ({ text: "x" }));
    const body = { contents: [{ role: "user", parts }] };
    const response = await gateway.post("/v1beta/models/mock:generateContent", body);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("more than 200000 values");
    expect(gateway.upstream.seen).toEqual([]);
    await inLine(gateway, { active: 0 });
  });
});

describe("a conversion", () => {
  const image = (fileUri: string): object => ({
    contents: [{ role: "user", parts: [{ fileData: { fileUri, mimeType: "image/png" } }] }],
  });
  const path = "/v1beta/models/mock:generateContent";

  it("downloads no picture and reads no file", async () => {
    gateway = await startTestGateway(politeChat);
    const picture = `${gateway.upstream.url}/picture.png`;
    expect((await gateway.post(path, image(picture))).status).toBe(200);
    for (const address of ["file:///etc/passwd", "FILE:/etc/passwd", "//host/x", "ftp://host/x"]) {
      expect((await gateway.post(path, image(address))).status).toBe(400);
    }
    expect(gateway.upstream.seen.map(({ url }) => url)).toEqual(["/v1/chat/completions"]);
    expect(gateway.upstream.seen[0]?.body.toString()).toContain(picture);
  });

  it("names what it drops without injecting a header", async () => {
    gateway = await startTestGateway(politeChat);
    const names = ["a\r\nset-cookie: b=c", "d, e", "\u043a", "__proto__", "f".repeat(9_000)];
    const fields = names.map((name) => `${JSON.stringify(name)}:1`).join();
    const body = `{"contents":${JSON.stringify(contents)},${fields}}`;
    const response = await gateway.post(path, body);
    expect(response.status).toBe(200);
    expect(response.headers.get("set-cookie")).toBe(null);
    const dropped = response.headers.get("x-gateway-dropped") ?? "";
    expect(dropped).toMatch(/^a\?\?set-cookie\?\?b\?c, d\?\?e, \?, __proto__, f{64}$/);
  });
});

describe("an upstream whose answer is converted", () => {
  it("is disconnected if its answer never ends", async () => {
    gateway = await startTestGateway((_seen, response) => endlessCall(response));
    const response = await gateway.post(gemini, { contents });
    expect(await response.text()).toContain("The upstream's answer is too long.");
    await gateway.upstream.seen[0]?.closed;
    await inLine(gateway, { active: 0 });
  }, 60_000);

  it("is disconnected within a second after its client left, and if its client reads nothing", async () => {
    gateway = await startTestGateway((_seen, response) => endlessCall(response));
    const leaving = new AbortController();
    const response = await gateway.post(gemini, { contents }, { signal: leaving.signal });
    const reader = response.body?.getReader();
    await reader?.read();
    const before = process.memoryUsage().arrayBuffers;
    // It reads nothing for a while: nothing is gathered for it.
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
    const from = performance.now();
    leaving.abort();
    await reader?.read().catch(() => {});
    await gateway.upstream.seen[0]?.closed;
    await inLine(gateway, { active: 0 });
    expect(performance.now() - from).toBeLessThan(3_000);
  });
});
