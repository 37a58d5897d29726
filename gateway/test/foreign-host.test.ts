import { request } from "node:http";
import { text } from "node:stream/consumers";
import { afterEach, describe, expect, it } from "vitest";
import { startTestGateway, type TestGateway } from "./support/harness.ts";
import { politeChat } from "./support/mock-upstream.ts";
import { rawHttp, statusOf } from "./support/raw-http.ts";

// A web page whose name points to the gateway's address (DNS rebinding) sends its own name as Host.

let gateway: TestGateway;
afterEach(() => gateway.stop());

const evil = "evil.example:8000";
const openDoor = "middlewares: [{ auth: none }]\n";
const withoutKey = [
  "/",
  "/health",
  "/healthz",
  "/ready",
  "/metrics",
  "/docs",
  "/docs/style.css",
  "/openapi.json",
];

/** `fetch` cannot set Host. */
async function ask(
  path: string,
  headers: Record<string, string>,
  port: number = gateway.port,
): Promise<{ status: number; body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; body: string }>();
  request({ host: "127.0.0.1", port, path, headers, agent: false }, async (response) => {
    resolve({ status: response.statusCode ?? 0, body: await text(response) });
  })
    .on("error", reject)
    .end();
  return await promise;
}

describe("a foreign Host", () => {
  it("is a 421 that names the setting where no key is asked", async () => {
    gateway = await startTestGateway(politeChat);
    for (const path of withoutKey) {
      const { status, body } = await ask(path, { host: evil });
      expect([path, status]).toEqual([path, 421]);
      expect(body).toContain("ALLOWED_HOSTS");
      expect(body).toContain("evil.example");
    }
  });

  it("does not matter where there is a key", async () => {
    gateway = await startTestGateway(politeChat);
    const authorization = `Bearer ${gateway.keys.alice}`;
    for (const path of ["/v1/models", "/queue", "/limits", "/api/v1/key"]) {
      expect((await ask(path, { host: evil, authorization })).status).toBe(200);
    }
    expect((await ask("/queue", { host: evil })).status).toBe(401);
  });

  it("does not matter on PUBLIC_PORT, where the tunnel's name is the Host", async () => {
    gateway = await startTestGateway(politeChat, { PUBLIC_PORT: "0", PUBLIC_ADMIN: "true" });
    const port = gateway.gateway.publicPort ?? 0;
    for (const path of ["/", "/health"]) {
      expect((await ask(path, { host: "llm.example.com" }, port)).status).toBe(200);
    }
    // The page is the same for a tunnel that comes to the main port.
    expect((await ask("/", { host: "llm.example.com", "cf-ray": "1" })).status).toBe(200);
    // A web page can send the header of a tunnel; it does not make the main port a public one.
    expect((await ask("/health", { host: evil, "cf-ray": "1" })).status).toBe(421);
  });

  it("is a 421 on METRICS_PORT", async () => {
    gateway = await startTestGateway(politeChat, { METRICS_PORT: "0" });
    const port = gateway.gateway.metricsPort ?? 0;
    const refused = await ask("/metrics", { host: evil }, port);
    expect(refused).toMatchObject({ status: 421, body: expect.stringContaining("ALLOWED_HOSTS") });
    expect((await ask("/metrics", { host: `127.0.0.1:${port}` }, port)).status).toBe(200);
  });

  it.each(["gateway:8000", "box.local", "192.168.1.10", "[::1]:8000", "llm.example.com"])(
    "is none: %s",
    async (host) => {
      gateway = await startTestGateway(politeChat, { ALLOWED_HOSTS: "llm.example.com" });
      for (const path of withoutKey) expect((await ask(path, { host })).status).toBe(200);
    },
  );

  it("is none in the settings: HOST and the name in PUBLIC_URL", async () => {
    const env = { PUBLIC_URL: "https://Chat.Example.com", HOST: "127.0.0.1" };
    gateway = await startTestGateway(politeChat, env);
    expect((await ask("/health", { host: "chat.example.com" })).status).toBe(200);
    expect((await ask("/health", { host: "example.com" })).status).toBe(421);
  });

  it("reads nothing through the open door of `auth: none`", async () => {
    gateway = await startTestGateway(politeChat, {}, openDoor);
    // A page's GET to its own origin carries no Origin.
    const page = { host: evil, "sec-fetch-site": "same-origin" };
    for (const path of ["/v1/models", "/v1/files", "/queue", "/limits", "/api/v1/key"]) {
      const { status, body } = await ask(path, page);
      expect([path, status]).toEqual([path, 421]);
      expect(body).toContain("ALLOWED_HOSTS");
    }
    expect(gateway.upstream.seen).toEqual([]);
    for (const path of ["/v1/models", "/queue"]) {
      expect((await ask(path, { host: "box.lan:8000" })).status).toBe(200);
      const authorization = `Bearer ${gateway.keys.alice}`;
      expect((await ask(path, { host: evil, authorization })).status).toBe(200);
    }
  });

  it("opens no WebSocket through that door", async () => {
    gateway = await startTestGateway(politeChat, {}, openDoor);
    const answer = await rawHttp(gateway.port, [
      `GET /v1/realtime HTTP/1.1\r\nhost: ${evil}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n` +
        "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n\r\n",
    ]);
    expect(statusOf(answer)).toBe(421);
  });
});
