import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { chat, startTestGateway } from "./support/harness.ts";
import { rawAnswer, startRawUpstream } from "./support/raw-upstream.ts";

const answerFor = (text: string): Buffer =>
  rawAnswer(
    JSON.stringify({
      choices: [{ index: 0, message: { role: "assistant", content: text }, finish_reason: "stop" }],
    }),
  );

it("an answer that nobody asked for reaches nobody, and no connection is kept after it", async () => {
  let count = 0;
  await using upstream = await startRawUpstream(
    () => [answerFor(`answer ${++count}`), 20, answerFor("secret")],
    { keepsOpen: true },
  );
  await using gateway = await startTestGateway(() => {}, { UPSTREAM_URL: upstream.url });
  for (let asked = 1; asked <= 4; asked++) {
    const response = await gateway.post("/v1/chat/completions", chat());
    const text = await response.text();
    expect(text).toContain(`answer ${asked}`);
    // The first time the gateway learns it while nothing is asked.
    if (asked === 1) await new Promise((resolve) => setTimeout(resolve, 60));
  }
});

it("one connection serves request after request, also after the gateway has looked at its upstream", async () => {
  const ports = new Set<number | undefined>();
  await using gateway = await startTestGateway(
    (_seen, response, request) => {
      ports.add(request.socket.remotePort);
      response.writeHead(200, { "content-type": "application/json" });
      response.end('{"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"stop"}]}');
    },
    { WORKERS: "1" },
  );
  await gateway.gateway.findings();
  ports.clear();
  for (let asked = 1; asked <= 5; asked++) {
    const response = await gateway.post("/v1/chat/completions", chat());
    expect(response.status).toBe(200);
    await response.text();
  }
  expect(ports.size).toBe(1);
});

it("a read that is compressed although nobody asked for that is inflated", async () => {
  const list = gzipSync('{"object":"list","data":[{"id":"f1"}]}');
  await using gateway = await startTestGateway((_seen, response) => {
    response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
    response.end(list);
  });
  const headers = { authorization: `Bearer ${gateway.keys.alice}`, "accept-encoding": "identity" };
  const response = await fetch(`${gateway.url}/v1/files`, { headers });
  expect(response.headers.get("content-encoding")).toBeNull();
  expect(await response.json()).toMatchObject({ data: [{ id: "f1" }] });
});

it("a stream that is read says to proxies that they must not hold it back", async () => {
  await using gateway = await startTestGateway((_seen, response) => {
    response.writeHead(200, { "content-type": "text/event-stream" }).end("data: {}\n\n");
  });
  const headers = { authorization: `Bearer ${gateway.keys.alice}` };
  const response = await fetch(`${gateway.url}/v1/files/f1/content`, { headers });
  await response.text();
  expect(response.headers.get("x-accel-buffering")).toBe("no");
  expect(response.headers.get("cache-control")).toContain("no-transform");
});
