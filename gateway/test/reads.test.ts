import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { holding, inLine } from "./support/holding.ts";
import { type Handler, politeChat } from "./support/mock-upstream.ts";
import { rawHttp, statusOf } from "./support/raw-http.ts";

let gateway: TestGateway;
afterEach(() => gateway.stop());

const echoing: Handler = (seen, response) => {
  response.writeHead(200, {
    "content-type": "application/json",
    "set-cookie": "a=b",
    "access-control-allow-origin": "",
    "x-upstream": "kept",
  });
  response.end(JSON.stringify({ method: seen.method, url: seen.url, bytes: seen.body.length }));
};

const asAlice = (): Record<string, string> => ({ authorization: `Bearer ${gateway.keys.alice}` });

describe("a read", () => {
  it("passes through with its query, without the key, and never waits", async () => {
    const upstream = holding();
    gateway = await startTestGateway((seen, response, request) =>
      (seen.method === "POST" ? upstream.handler : echoing)(seen, response, request),
    );
    const running = gateway.post("/v1/chat/completions", chat());
    await until(() => upstream.held() === 1, "the slot is taken");
    const response = await fetch(`${gateway.url}/v1/files/a%20b?from=3&limit=2`, {
      headers: { ...asAlice(), "x-request-id": "read-1" },
    });
    expect(await response.json()).toMatchObject({ url: "/v1/files/a%20b?from=3&limit=2" });
    expect(response.headers.get("x-request-id")).toBe("read-1");
    expect(response.headers.get("x-upstream")).toBe("kept");
    expect(response.headers.get("set-cookie")).toBeNull();
    expect(response.headers.get("access-control-allow-origin")).toBeNull();
    const headers = gateway.upstream.seen[1]?.headers ?? {};
    expect(JSON.stringify(headers)).not.toContain(gateway.keys.alice);
    expect(headers["x-gateway-user"]).toBe("alice");
    await upstream.release();
    await (await running).text();
    expect(gateway.rows()).toHaveLength(1);
  });

  it("through /api/v1 is the same read", async () => {
    gateway = await startTestGateway(echoing);
    const response = await fetch(`${gateway.url}/api/v1/files`, { headers: asAlice() });
    expect(await response.json()).toMatchObject({ url: "/v1/files" });
  });

  it.each([
    ["/v1/messages/count_tokens"],
    ["/v1/responses/input_tokens"],
    ["/v1/tokenize"],
    ["/v1/files"],
    ["/v1/batches/abc/cancel"],
  ])("POST %s leaves no row", async (path) => {
    gateway = await startTestGateway(echoing);
    const response = await gateway.post(path, "{}");
    expect(await response.json()).toMatchObject({ method: "POST", url: path, bytes: 2 });
    expect(gateway.rows()).toHaveLength(0);
  });

  it("an upload of 50 MB is streamed, not kept", async () => {
    gateway = await startTestGateway(echoing);
    const size = 50 * 1024 * 1024;
    const response = await gateway.post("/v1/files", Buffer.alloc(size), {
      headers: { "content-type": "application/octet-stream" },
    });
    expect(await response.json()).toMatchObject({ bytes: size });
  });

  it("tells an upstream's error in the client's dialect, and its 401 as ours", async () => {
    gateway = await startTestGateway((_seen, response) => {
      response.writeHead(401, { "content-type": "application/json" });
      response.end('{"error":{"message":"Invalid API Key","code":401}}');
    });
    const response = await fetch(`${gateway.url}/v1/files`, { headers: asAlice() });
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ error: { code: "upstream_auth" } });
  });

  it("of an upstream that is not there is a 502 in JSON", async () => {
    gateway = await startTestGateway(echoing, { UPSTREAM_URL: "http://127.0.0.1:9" });
    const response = await fetch(`${gateway.url}/v1/files`, { headers: asAlice() });
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ error: { code: "upstream_unreachable" } });
  });

  /** How an upstream that takes connections, and says nothing on them, is told. */
  async function toldOfSilence(scheme: string, env: Record<string, string>): Promise<unknown[]> {
    const silent = createServer((socket) => void socket.on("error", () => {}).resume());
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as AddressInfo;
    gateway = await startTestGateway(politeChat, {
      UPSTREAM_URL: `${scheme}://127.0.0.1:${port}`,
      ...env,
    });
    const { status: asGeneration } = await gateway.post("/v1/chat/completions", chat());
    const response = await fetch(`${gateway.url}/v1/files`, { headers: asAlice() });
    const { error } = (await response.json()) as { error: { code: string } };
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/v1/realtime`, {
      headers: asAlice(),
    });
    const status = await new Promise((resolve) => {
      socket.once("unexpected-response", (_request, { statusCode }) => resolve(statusCode));
      socket.once("error", () => resolve("error"));
    });
    silent.close();
    return [asGeneration, response.status, error.code, status];
  }

  it("a generation and a WebSocket that get no first byte in time are a 504", async () => {
    const env = { FIRST_BYTE_TIMEOUT: "300ms" };
    expect(await toldOfSilence("http", env)).toEqual([504, 504, "upstream_timeout", 504]);
  });

  it("a generation and a WebSocket wait for a connection no longer than CONNECT_TIMEOUT", async () => {
    const env = { CONNECT_TIMEOUT: "300ms" };
    expect(await toldOfSilence("https", env)).toEqual([502, 502, "upstream_unreachable", 502]);
  });

  it("of the models asks the upstream once for many clients", async () => {
    gateway = await startTestGateway(echoing);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => fetch(`${gateway.url}/v1/models`, { headers: asAlice() })),
    );
    for (const answer of answers) {
      expect(await answer.json()).toMatchObject({ data: [{ id: "mock" }] });
    }
  });
});

describe("a generation with a body that the gateway does not read", () => {
  it("streams its body up and its answer down, with a row and a place", async () => {
    gateway = await startTestGateway((seen, response) => {
      response.writeHead(200, { "content-type": "audio/mpeg" });
      response.end(Buffer.alloc(seen.body.length, 7));
    });
    const sent = Buffer.alloc(3_000_000, 1);
    const response = await gateway.post("/v1/audio/speech", sent, {
      headers: { "content-type": "application/octet-stream" },
    });
    expect(response.headers.get("x-queue-position")).toBe("0");
    expect(response.headers.get("content-type")).toBe("audio/mpeg");
    expect((await response.arrayBuffer()).byteLength).toBe(sent.length);
    expect(gateway.rows()).toMatchObject([{ dialect: "openai", state: "done", status: 200 }]);
  });

  it("has the usage that its JSON answer reports", async () => {
    gateway = await startTestGateway((_seen, response) => {
      response.setHeader("content-type", "application/json");
      response.end('{"text":"hi","usage":{"input_tokens":14,"output_tokens":3,"total_tokens":17}}');
    });
    await (await gateway.post("/v1/audio/transcriptions", "bytes")).text();
    expect(gateway.rows()).toMatchObject([{ input_tokens: 14, output_tokens: 3 }]);
  });
});

describe("a WebSocket", () => {
  async function withSocketUpstream(): Promise<WebSocketServer> {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    await new Promise((resolve) => server.once("listening", resolve));
    server.on("connection", (socket) =>
      socket.on("message", (data) => socket.send(`echo ${data}`)),
    );
    const { port } = server.address() as { port: number };
    gateway = await startTestGateway(politeChat, { UPSTREAM_URL: `http://127.0.0.1:${port}` });
    return server;
  }

  it("without a key reaches nothing", async () => {
    const server = await withSocketUpstream();
    let connected = 0;
    server.on("connection", () => connected++);
    const answer = await rawHttp(gateway.port, [
      "GET /v1/realtime HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n" +
        "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    ]);
    expect(statusOf(answer)).toBe(401);
    expect(connected).toBe(0);
    expect(gateway.rows()).toHaveLength(0);
    server.close();
  });

  it("is connected to the upstream, holds a slot while it is open, and frees it", async () => {
    const server = await withSocketUpstream();
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/v1/realtime`, {
      headers: asAlice(),
    });
    const said = new Promise((resolve) => socket.once("message", (data) => resolve(String(data))));
    socket.once("open", () => socket.send("hi"));
    expect(await said).toBe("echo hi");
    expect((await gateway.health()).line).toMatchObject({ active: 1 });
    socket.terminate();
    await inLine(gateway, { active: 0 });
    expect(gateway.rows()).toHaveLength(1);
    server.close();
  });

  it("is opened with our headers, and without the upstream's cookies and origins", async () => {
    const server = await withSocketUpstream();
    server.on("headers", (lines) => {
      lines.push("Set-Cookie: a=b", "Access-Control-Allow-Origin: *", "X-Request-ID: theirs");
      lines.push("X-Own: kept");
    });
    const open = async (id: string) => {
      const headers = { ...asAlice(), "x-request-id": id };
      const url = `ws://127.0.0.1:${gateway.port}/v1/realtime`;
      const socket = new WebSocket(url, ["realtime"], { headers });
      const head = await new Promise<Record<string, unknown>>((resolve) => {
        socket.once("upgrade", (response) => resolve(response.headers));
      });
      return { socket, head };
    };
    const first = await open("one");
    expect(first.head).toMatchObject({
      "x-request-id": "one",
      "x-queue-position": "0",
      "x-own": "kept",
      "sec-websocket-protocol": "realtime",
    });
    expect(first.head).not.toHaveProperty("set-cookie");
    expect(first.head).not.toHaveProperty("access-control-allow-origin");
    const second = open("two");
    await inLine(gateway, { waiting: 1 });
    first.socket.terminate();
    const { head, socket } = await second;
    expect(head).toMatchObject({ "x-request-id": "two", "x-queue-position": "1" });
    socket.terminate();
    server.close();
  });

  it("to an upstream that is not there is a 502", async () => {
    gateway = await startTestGateway(politeChat, { UPSTREAM_URL: "http://127.0.0.1:9" });
    const socket = new WebSocket(`ws://127.0.0.1:${gateway.port}/v1/realtime`, {
      headers: asAlice(),
    });
    const status = await new Promise((resolve) => {
      socket.once("unexpected-response", (_request, { statusCode, headers }) =>
        resolve([statusCode, headers["x-queue-position"]]),
      );
      socket.once("error", () => resolve("error"));
    });
    expect(status).toEqual([502, "0"]);
    expect((await gateway.health()).line).toMatchObject({ active: 0 });
  });
});
