import { createServer, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { GatewayError } from "../errors.ts";
import { createTestAuthority } from "../test/support/test-authority.ts";
import {
  startTestProxy,
  type TestProxy,
  type TestProxyOptions,
} from "../test/support/test-proxy.ts";
import { ask } from "./ask.ts";
import { forward } from "./forward.ts";
import { openUpstream, type Upstream } from "./upstream.ts";

const authority = createTestAuthority("Test authority");

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** `leaves` is called when a request's connection closes. */
async function start(tls: boolean, leaves: () => void = () => {}): Promise<string> {
  const server: Server = tls
    ? createTlsServer(authority.issue({ names: ["upstream.test"] }))
    : createServer();
  server.on("request", (request, response) => {
    if (request.url !== "/hang") return void response.end(`hello ${request.headers.host}`);
    response.write("begun");
    response.once("close", leaves);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endings.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  // A name that nobody knows but the proxy.
  return `${tls ? "https" : "http"}://upstream.test:${port}`;
}

async function proxied(options?: TestProxyOptions): Promise<TestProxy> {
  const proxy = await startTestProxy(options);
  endings.push(proxy.close);
  return proxy;
}

function open(url: string, proxy: string): Upstream {
  const tls = { ca: authority.ca };
  const options = { url, key: null, type: "openai", connectTimeoutMs: 2_000 } as const;
  const upstream = openUpstream({ ...options, tls, proxy });
  endings.push(() => upstream.connections.close());
  return upstream;
}

const hear = async (upstream: Upstream): Promise<string> =>
  (await ask(upstream, "/", 5_000)).bytes.toString();

const troubleOf = (upstream: Upstream): Promise<GatewayError> =>
  hear(upstream).then(
    () => expect.fail("it answered"),
    (error) => error,
  );

describe("an upstream behind an HTTP proxy", () => {
  it.each([[false], [true]])("is reached by CONNECT with credentials (TLS: %s)", async (tls) => {
    const proxy = await proxied();
    const url = await start(tls);
    const upstream = open(url, `http://us%40er:p%3Aw@127.0.0.1:${proxy.port}`);
    const { host } = new URL(url);
    expect(await hear(upstream)).toBe(`hello ${host}`);
    const credentials = Buffer.from("us@er:p:w").toString("base64");
    expect(proxy.asked).toEqual([`${host} Basic ${credentials}`]);
  });

  it.each([[false], [true]])("is free of us once its socket has closed (TLS: %s)", async (tls) => {
    const proxy = await proxied();
    let left = (): void => {};
    const leaving = new Promise<void>((resolve) => {
      left = resolve;
    });
    const upstream = open(await start(tls, () => left()), `http://127.0.0.1:${proxy.port}`);
    const stop = new AbortController();
    const outbound = {
      method: "GET",
      path: "/hang",
      headers: {},
      body: null,
      firstByteMs: 5_000,
      idleMs: 5_000,
      fresh: false,
    };
    const receiver = {
      head: () => {},
      data: () => {
        stop.abort(new Error("the client left"));
        return true;
      },
      whenDrained: () => {},
    };
    await expect(forward(upstream.connections, outbound, receiver, stop.signal)).rejects.toThrow(
      "the client left",
    );
    await leaving;
  });

  it("that refuses, or asks for credentials, is told with its status", async () => {
    const proxy = await proxied({ refuses: 407 });
    const error = await troubleOf(open(await start(false), `http://127.0.0.1:${proxy.port}`));
    expect(error.code).toBe("upstream_unreachable");
    expect(error.message).toBe("The proxy on the way to the upstream refused (407).");
  });

  it("that is away is told without its address", async () => {
    const proxy = await startTestProxy();
    await proxy.close();
    const error = await troubleOf(open(await start(true), `http://127.0.0.1:${proxy.port}`));
    expect(error.code).toBe("upstream_unreachable");
    expect(error.message).toMatch(/^The proxy .* cannot be reached \(ECONNREFUSED\)\.$/);
  });

  it("still has to show the certificate of its own name", async () => {
    const proxy = await proxied();
    const url = (await start(true)).replace("upstream.test", "other.test");
    const error = await troubleOf(open(url, `http://127.0.0.1:${proxy.port}`));
    expect(error.message).toContain("its certificate is for another host name");
  });
});

it("a proxy that is none of HTTP is refused at the start", () => {
  const opening = (proxy: string) => () => open("http://a", proxy);
  expect(opening("socks5://a:1")).toThrow(/http:\/\/ or https:\/\//);
  expect(opening("nonsense")).toThrow(/must be a URL/);
});
