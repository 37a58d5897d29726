import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { createTestAuthority } from "../test/support/test-authority.ts";
import { startTestProxy } from "../test/support/test-proxy.ts";
import { createPassThrough, type Passed } from "./pass-through.ts";
import { openUpstream, type UpstreamOptions } from "./upstream.ts";

const authority = createTestAuthority("Test authority");
const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

async function listening(server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endings.push(() => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

/** A server that echoes requests and WebSockets; known only to proxies unless it is named. */
async function startUpstream(tls: boolean): Promise<number> {
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    response.end(`${request.method} ${request.url} for ${request.headers.host}`);
  };
  const names = { names: ["upstream.test"], addresses: ["127.0.0.1"] };
  const server = tls ? createTlsServer(authority.issue(names), answer) : createServer(answer);
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => socket.on("message", (data) => socket.send(`got ${data}`)));
  return listening(server);
}

/** A gateway's port that passes all through; gives its own port. */
async function startPassing(
  options: Pick<UpstreamOptions, "url" | "tls" | "proxy">,
): Promise<number> {
  const upstream = openUpstream({ ...options, key: null, type: "openai", connectTimeoutMs: 2_000 });
  const passThrough = createPassThrough(upstream, { silenceMs: 5_000, connectTimeoutMs: 2_000 });
  endings.push(() => {
    passThrough.close();
    return upstream.connections.close();
  });
  const passed = (request: IncomingMessage): Passed => ({ path: request.url ?? "", headers: {} });
  const server = createServer((request, response) => {
    passThrough.read(request, response, passed(request), {
      answer: (answer) => answer.pipe(response),
      fail: (error) => void response.writeHead(error.status).end(error.message),
    });
  });
  server.on("upgrade", (request, socket: Socket, head) => {
    const { "sec-websocket-key": key, "sec-websocket-version": version } = request.headers;
    const headers = { "sec-websocket-key": key ?? "", "sec-websocket-version": version ?? "" };
    passThrough.upgrade(
      request,
      socket,
      head,
      { path: "/v1/realtime", headers },
      {
        fail: () => socket.destroy(),
      },
    );
  });
  return listening(server);
}

const read = async (port: number): Promise<string> =>
  (await fetch(`http://127.0.0.1:${port}/v1/files?a=b`)).text();

const talk = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/v1/realtime`);
    socket.on("open", () => socket.send("hello")).on("error", reject);
    socket.on("message", (data) => {
      resolve(String(data));
      socket.close();
    });
  });

describe("what passes through", () => {
  it("reaches an upstream with a certificate of an own authority", async () => {
    const port = await startUpstream(true);
    const url = `https://127.0.0.1:${port}`;
    const passing = await startPassing({ url, tls: { ca: authority.ca } });
    expect(await read(passing)).toBe(`GET /v1/files?a=b for 127.0.0.1:${port}`);
    expect(await talk(passing)).toBe("got hello");
  });

  it("does not reach an upstream without a trusted certificate, and says why", async () => {
    const passing = await startPassing({ url: `https://127.0.0.1:${await startUpstream(true)}` });
    expect(await read(passing)).toContain("its certificate is not trusted");
  });

  it.each([["http"], ["https"]])("goes through a proxy to %s", async (protocol) => {
    const proxy = await startTestProxy();
    endings.push(proxy.close);
    const port = await startUpstream(protocol === "https");
    const passing = await startPassing({
      url: `${protocol}://upstream.test:${port}`,
      tls: { ca: authority.ca },
      proxy: `http://127.0.0.1:${proxy.port}`,
    });
    expect(await read(passing)).toBe(`GET /v1/files?a=b for upstream.test:${port}`);
    expect(await talk(passing)).toBe("got hello");
    expect(proxy.asked).toEqual([`upstream.test:${port}`, `upstream.test:${port}`]);
  });

  it("is not begun for a client that has left: nothing would ever end it", async () => {
    let connections = 0;
    const server = createServer((_request, response) => response.end());
    server.on("connection", () => connections++);
    const url = `http://127.0.0.1:${await listening(server)}`;
    const upstream = openUpstream({ url, key: null, type: "openai", connectTimeoutMs: 2_000 });
    const passThrough = createPassThrough(upstream, { silenceMs: 0, connectTimeoutMs: 2_000 });
    endings.push(() => passThrough.close());
    const left = Promise.withResolvers<void>();
    const port = await listening(
      createServer((request, response) => {
        response.once("close", () => {
          passThrough.read(request, response, { path: "/v1/files", headers: {} }, { fail() {} });
          left.resolve();
        });
      }),
    );
    const stop = new AbortController();
    const asked = fetch(`http://127.0.0.1:${port}`, { signal: stop.signal }).catch(() => {});
    setTimeout(() => stop.abort(), 50);
    await asked;
    await left.promise;
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(connections).toBe(0);
  });

  it("is told where the proxy refuses", async () => {
    const proxy = await startTestProxy({ refuses: 403 });
    endings.push(proxy.close);
    const url = `http://upstream.test:${await startUpstream(false)}`;
    const passing = await startPassing({ url, proxy: `http://127.0.0.1:${proxy.port}` });
    expect(await read(passing)).toBe("The proxy on the way to the upstream refused (403).");
  });
});
