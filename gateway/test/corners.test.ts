import type { AddressInfo, Socket } from "node:net";
import { connect, createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocketServer } from "ws";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { inLine } from "./support/holding.ts";
import { chatChunk, chatFinish, done, politeChat } from "./support/mock-upstream.ts";
import { rawHttp, statusOf } from "./support/raw-http.ts";

// Each of these once held a slot, a socket or a row for ever, or sent wrong bytes.

let gateway: TestGateway;
const closers: Array<() => void> = [];
afterEach(async () => {
  for (const close of closers.splice(0)) close();
  await gateway.stop();
});

const slotsFree = (): Promise<void> => inLine(gateway, { total: 0 });

async function rawServer(handle: (socket: Socket) => void): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    closers.push(() => socket.destroy());
    handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

const upgradeRequest = (key: string | undefined): string =>
  `GET /v1/realtime HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\n` +
  "connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n" +
  "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

function openRaw(text: string): Socket {
  const socket = connect(gateway.port, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(text);
  closers.push(() => socket.destroy());
  return socket;
}

describe("a WebSocket", () => {
  it("that was refused does not keep the gateway from stopping", async () => {
    gateway = await startTestGateway(politeChat);
    const socket = openRaw(upgradeRequest("wrong"));
    socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const from = performance.now();
    await gateway.gateway.stop();
    expect(performance.now() - from).toBeLessThan(8_000);
  });

  it("frees its slot if the client leaves before the upstream answers", async () => {
    let upstreamClosed = false;
    const port = await rawServer((socket) => {
      socket.resume().on("close", () => {
        upstreamClosed = true;
      });
    });
    gateway = await startTestGateway(politeChat, { UPSTREAM_URL: `http://127.0.0.1:${port}` });
    const socket = openRaw(upgradeRequest(gateway.keys.alice));
    await inLine(gateway, { active: 1 });
    socket.end();
    await slotsFree();
    await until(() => upstreamClosed, "the upstream's socket closes");
    await until(() => gateway.rows()[0]?.state === "cancelled", "its row is closed");
  });

  it("leaves the queue with its client", async () => {
    gateway = await startTestGateway((_seen, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(chatChunk("on and on"));
    });
    const running = await gateway.post("/v1/chat/completions", chat({ stream: true }));
    const socket = openRaw(upgradeRequest(gateway.keys.bob));
    await inLine(gateway, { waiting: 1 });
    socket.end();
    await inLine(gateway, { waiting: 0 });
    await running.body?.cancel();
  });

  it("that the upstream refuses gets an error of the gateway, and frees its slot", async () => {
    const port = await rawServer((socket) => {
      socket.once("data", () => {
        socket.end("HTTP/1.1 404 Not Found\r\nset-cookie: a=b\r\ncontent-length: 2\r\n\r\nno");
      });
    });
    gateway = await startTestGateway(politeChat, { UPSTREAM_URL: `http://127.0.0.1:${port}` });
    const answer = await rawHttp(gateway.port, [upgradeRequest(gateway.keys.alice)]);
    expect(statusOf(answer)).toBe(404);
    expect(answer).not.toContain("set-cookie");
    await slotsFree();
  });

  it("that is taken out of the queue is closed on both sides", async () => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await new Promise((resolve) => server.once("listening", resolve));
    closers.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    gateway = await startTestGateway(politeChat, { UPSTREAM_URL: `http://127.0.0.1:${port}` });
    const socket = openRaw(upgradeRequest(gateway.keys.alice));
    const closed = new Promise((resolve) => socket.resume().once("close", resolve));
    await until(() => server.clients.size === 1, "it is open");
    const headers = { authorization: `Bearer ${gateway.keys.alice}` };
    const queue = (await (await fetch(`${gateway.url}/queue`, { headers })).json()) as {
      data: Array<{ id: string }>;
    };
    await fetch(`${gateway.url}/queue/${queue.data[0]?.id}`, { method: "DELETE", headers });
    await closed;
    await until(() => server.clients.size === 0, "the upstream's side is closed");
    await slotsFree();
  });
});

describe("an upload", () => {
  const uploadHead = (length: number): string =>
    `POST /v1/audio/transcriptions HTTP/1.1\r\nhost: x\r\ncontent-length: ${length}\r\n` +
    `authorization: Bearer ${gateway.keys.alice}\r\n\r\n`;

  it("that stalls does not hold its slot for ever", async () => {
    gateway = await startTestGateway(politeChat, { BODY_TIMEOUT: "500ms" });
    const answer = await rawHttp(gateway.port, [`${uploadHead(1000)}x`], 10_000);
    expect(statusOf(answer)).toBe(408);
    await slotsFree();
  });

  it("of 5 MB leaves the queue with its sender", async () => {
    gateway = await startTestGateway((_seen, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(chatChunk("on and on"));
    });
    const running = await gateway.post("/v1/chat/completions", chat({ stream: true }));
    const size = 5 * 1024 * 1024;
    const socket = openRaw(uploadHead(size));
    socket.write(Buffer.alloc(size));
    await inLine(gateway, { waiting: 1 });
    await new Promise((resolve) => setTimeout(resolve, 200));
    socket.destroy();
    await inLine(gateway, { waiting: 0 });
    await running.body?.cancel();
  });
});

describe("an answer", () => {
  it("in JSON to a client that asked for a stream has no keep-alive inside", async () => {
    const body = `{"data":[${"1".repeat(50)},2]}`;
    gateway = await startTestGateway(
      async (_seen, response) => {
        response.writeHead(200, { "content-type": "application/json" });
        response.write(body.slice(0, 10));
        await new Promise((resolve) => setTimeout(resolve, 2_500));
        response.end(body.slice(10));
      },
      { KEEP_ALIVE: "1s" },
    );
    const response = await gateway.post("/v1/embeddings", { input: "a", model: "m", stream: true });
    expect(await response.text()).toBe(body);
  });

  it("that sends its last event and keeps the connection open is complete", async () => {
    gateway = await startTestGateway((_seen, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(chatChunk("all") + chatFinish + done);
    });
    const from = performance.now();
    const response = await gateway.post("/v1/chat/completions", chat({ stream: true }));
    expect(await response.text()).toContain("[DONE]");
    expect(performance.now() - from).toBeLessThan(10_000);
    expect(gateway.rows()).toMatchObject([{ state: "done", status: 200 }]);
    await slotsFree();
  });

  it("that ends without its last event counts what was generated", async () => {
    gateway = await startTestGateway((_seen, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end(chatChunk("one") + chatChunk("two"));
    });
    await (await gateway.post("/v1/chat/completions", chat({ stream: true }))).text();
    expect(gateway.rows()).toMatchObject([
      { state: "failed", output_tokens: 2, usage_source: "estimated" },
    ]);
  });

  it("with an impossible status is a 502 for a read, and no crash", async () => {
    const port = await rawServer((socket) => {
      socket.once("data", () => socket.end("HTTP/1.1 099 Odd\r\ncontent-length: 2\r\n\r\nno"));
    });
    gateway = await startTestGateway(politeChat, { UPSTREAM_URL: `http://127.0.0.1:${port}` });
    const response = await fetch(`${gateway.url}/v1/files`, {
      headers: { authorization: `Bearer ${gateway.keys.alice}` },
    });
    expect(response.status).toBe(502);
    expect((await fetch(`${gateway.url}/health`)).status).toBe(200);
  });
});

describe("an upstream", () => {
  it("that loads its model gets the time for it, also with FIRST_BYTE_TIMEOUT off", async () => {
    let calls = 0;
    gateway = await startTestGateway(
      (seen, response, request) => {
        if (++calls > 1) return politeChat(seen, response, request);
        response.writeHead(503, { "content-type": "application/json" });
        response.end('{"error":{"message":"Loading model","code":503}}');
      },
      { FIRST_BYTE_TIMEOUT: "off" },
    );
    expect((await gateway.post("/v1/chat/completions", chat())).status).toBe(200);
  });

  it("that never finishes connecting does not hold the slot of a client that left", async () => {
    const port = await rawServer((socket) => void socket.resume());
    gateway = await startTestGateway(politeChat, { UPSTREAM_URL: `https://127.0.0.1:${port}` });
    const leaving = new AbortController();
    const { signal } = leaving;
    gateway.post("/v1/chat/completions", chat(), { signal }).catch(() => {});
    await inLine(gateway, { active: 1 });
    const from = performance.now();
    leaving.abort();
    await slotsFree();
    expect(performance.now() - from).toBeLessThan(3_000);
  });
});
