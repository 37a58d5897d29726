import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { afterEach, describe, expect, it } from "vitest";
import { chat, newTestKey, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { chatChunk, politeChat } from "./support/mock-upstream.ts";
import { ownRoutes } from "./support/own-routes.ts";

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function start(env: Record<string, string>): Promise<TestGateway> {
  const gateway = await startTestGateway(politeChat, env);
  stops.push(() => gateway.stop());
  return gateway;
}

async function call(port: number, headers: Record<string, string>, path = "/v1/chat/completions") {
  const isChat = path === "/v1/chat/completions";
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers,
    ...(isChat ? { method: "POST", body: JSON.stringify(chat()) } : {}),
  });
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
const soon = () => Math.floor(Date.now() / 1_000) + 600;

describe("a JWT", () => {
  const secret = "0123456789abcdef0123456789abcdef-test-only";
  const env = {
    JWT_SECRET: secret,
    JWT_ISSUER: "https://id.example.com/",
    JWT_AUDIENCE: "gateway",
  };
  const sign = (claims: JWTPayload) =>
    new SignJWT({ iss: env.JWT_ISSUER, aud: "gateway", exp: soon(), ...claims })
      .setProtectedHeader({ alg: "HS256" })
      .sign(new TextEncoder().encode(secret));

  it("is accepted beside keys, and its user owns the row; the upstream does not get the token", async () => {
    const gateway = await start(env);
    const token = await sign({ sub: "erin@example.com" });
    expect((await call(gateway.port, bearer(token))).status).toBe(200);
    expect((await call(gateway.port, bearer(gateway.keys.alice!))).status).toBe(200);
    expect((await call(gateway.port, bearer(token), "/v1/props")).status).not.toBe(401);
    expect((await call(gateway.port, bearer(token), "/queue")).status).toBe(200);
    expect(gateway.rows().map(({ user }) => user)).toEqual(["erin@example.com", "alice"]);
    const seen = JSON.stringify(gateway.upstream.seen.map(({ headers }) => headers));
    expect(seen).toContain('"x-gateway-user":"erin@example.com"');
    expect(seen).not.toContain(token.slice(0, 20));
  });

  it("that is wrong is a 401 on every path, and reaches no upstream", async () => {
    const gateway = await start(env);
    const token = await sign({ sub: "erin", exp: soon() - 3_600 });
    for (const path of ["/v1/chat/completions", "/v1/files", "/queue", "/limits", "/nothing"]) {
      const { status, text } = await call(gateway.port, bearer(token), path);
      expect(status).toBe(401);
      expect(text).not.toContain(token.slice(0, 20));
    }
    expect(gateway.upstream.seen).toHaveLength(0);
    expect(gateway.rows()).toHaveLength(0);
  });

  it("that expires during a stream lets the stream end, and is refused afterwards", async () => {
    const gateway = await start({ ...env, JWT_CLOCK_SKEW: "0" });
    let goOn = (): void => {};
    gateway.upstream.answer((_seen, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(chatChunk("one"));
      goOn = () => response.end(`${chatChunk("two")}data: [DONE]\n\n`);
    });
    const exp = Math.floor(Date.now() / 1_000) + 3;
    const token = await sign({ sub: "erin", exp });
    const answer = await fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: bearer(token),
      body: JSON.stringify(chat({ stream: true })),
    });
    expect(answer.status).toBe(200);
    await until(async () => {
      return (await call(gateway.port, bearer(token), "/queue")).status === 401;
    }, "the token has expired");
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1_000);
    goOn();
    const text = await answer.text();
    expect(text).toContain("two");
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(gateway.rows()[0]?.state).toBe("done");
  });

  it("needs an issuer and an audience: the start says so", async () => {
    await expect(start({ JWT_SECRET: secret })).rejects.toThrow("JWT_ISSUER and JWT_AUDIENCE");
  });
});

describe("Cloudflare Access", () => {
  async function team() {
    const pair = await generateKeyPair("RS256", { extractable: true });
    const jwk = { ...(await exportJWK(pair.publicKey)), kid: "k", alg: "RS256" };
    const server: Server = createServer((request, response) => {
      response.statusCode = request.url === "/cdn-cgi/access/certs" ? 200 : 404;
      response.end(JSON.stringify({ keys: [jwk] }));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    stops.push(() => new Promise((resolve) => server.close(resolve)));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const sign = (claims: JWTPayload) =>
      new SignJWT({ iss: url, aud: ["app"], exp: soon(), type: "app", ...claims })
        .setProtectedHeader({ alg: "RS256", kid: "k" })
        .sign(pair.privateKey);
    return { url, sign };
  }

  it("can be required in addition to a key for all requests through the tunnel", async () => {
    const { url, sign } = await team();
    const gateway = await start({
      CF_ACCESS_TEAM: url,
      CF_ACCESS_AUD: "app",
      CF_ACCESS_REQUIRED: "with_key",
      PUBLIC_PORT: "0",
    });
    const port = gateway.gateway.publicPort ?? 0;
    const key = bearer(gateway.keys.alice!);
    const assertion = { "cf-access-jwt-assertion": await sign({ email: "ann@example.com" }) };
    expect((await call(port, key)).status).toBe(401);
    expect((await call(port, assertion)).status).toBe(401);
    expect((await call(port, { ...key, ...assertion })).status).toBe(200);
    expect((await call(gateway.port, { ...key, "cf-ray": "1" })).status).toBe(401);
    expect((await call(gateway.port, key)).status).toBe(200);
  });

  it("can replace the key, for people and for services", async () => {
    const { url, sign } = await team();
    const gateway = await start({
      CF_ACCESS_TEAM: url,
      CF_ACCESS_AUD: "app",
      CF_ACCESS_REQUIRED: "instead_of_key",
      PUBLIC_PORT: "0",
    });
    const port = gateway.gateway.publicPort ?? 0;
    const of = async (claims: JWTPayload) => ({ "cf-access-jwt-assertion": await sign(claims) });
    expect((await call(port, await of({ email: "ann@example.com" }))).status).toBe(200);
    expect((await call(port, await of({ common_name: "ci.access", sub: "" }))).status).toBe(200);
    expect((await call(port, await of({ email: "ann@example.com", aud: ["other"] }))).status).toBe(
      401,
    );
    expect((await call(port, bearer(gateway.keys.alice!))).status).toBe(401);
    expect(gateway.rows().map(({ user }) => user)).toEqual(["ann@example.com", "ci.access"]);
    expect(JSON.stringify(gateway.upstream.seen)).not.toContain("cf-access");
  });

  it("half set up stops the start", async () => {
    await expect(start({ CF_ACCESS_TEAM: "team" })).rejects.toThrow("CF_ACCESS_AUD");
    await expect(start({ CF_ACCESS_REQUIRED: "with_key" })).rejects.toThrow("CF_ACCESS_TEAM");
  });
});

describe("USER_HEADER", () => {
  it("is believed from TRUSTED_PROXIES only, and not with a header of the tunnel", async () => {
    const user = { user: "frank" };
    const trusting = await start({ USER_HEADER: "User", TRUSTED_PROXIES: "127.0.0.0/8" });
    expect((await call(trusting.port, user)).status).toBe(200);
    expect(trusting.rows()[0]?.user).toBe("frank");
    expect((await call(trusting.port, { ...user, "cf-ray": "1" })).status).toBe(401);
    const doubting = await start({ USER_HEADER: "User", TRUSTED_PROXIES: "10.0.0.0/8" });
    expect((await call(doubting.port, user)).status).toBe(401);
    const plain = await start({ TRUSTED_PROXIES: "127.0.0.1" });
    expect((await call(plain.port, user)).status).toBe(401);
  });
});

describe("the client's address", () => {
  /** How many wrong keys a gateway takes with these headers before it answers 429. */
  async function guesses(port: number, headers: (index: number) => Record<string, string>) {
    for (let count = 0; count < 30; count++) {
      const sent = { ...bearer(newTestKey()), ...headers(count) };
      if ((await call(port, sent, "/queue")).status === 429) return count;
    }
    return Number.POSITIVE_INFINITY;
  }

  it("is taken from X-Forwarded-For of a trusted proxy only", async () => {
    const trusting = await start({ TRUSTED_PROXIES: "127.0.0.1,198.51.100.7" });
    const varied = (index: number) => ({ "x-forwarded-for": `192.0.2.${index}` });
    expect(await guesses(trusting.port, varied)).toBe(Number.POSITIVE_INFINITY);
    // What a client wrote itself stands before what the proxies wrote.
    const forged = (index: number) => ({
      "x-forwarded-for": `203.0.113.${index}, 203.0.113.99, 198.51.100.7`,
    });
    expect(await guesses(trusting.port, forged)).toBe(20);
    const doubting = await start({});
    expect(await guesses(doubting.port, varied)).toBe(20);
  });

  it("is taken from CF-Connecting-IP on the public port only", async () => {
    const gateway = await start({ PUBLIC_PORT: "0" });
    const varied = (index: number) => ({ "cf-connecting-ip": `192.0.2.${index}` });
    const port = gateway.gateway.publicPort ?? 0;
    expect(await guesses(port, varied)).toBe(Number.POSITIVE_INFINITY);
    expect(await guesses(port, () => ({ "cf-connecting-ip": "192.0.2.77" }))).toBe(20);
    expect(await guesses(gateway.port, varied)).toBe(20);
  });
});

describe("the gateway's own routes from outside", () => {
  const on = (port: number): string => `http://127.0.0.1:${port}`;
  const places = ["/health", "/healthz", "/ready", "/metrics"];

  it("do not show health and metrics", async () => {
    const gateway = await start({ PUBLIC_PORT: "0" });
    const port = gateway.gateway.publicPort ?? 0;
    const [outside, inside] = [port, gateway.port].map((one) => ownRoutes(on(one)));
    for (const path of places) {
      await outside?.get(path).expect(404);
      await inside?.get(path).set("cf-connecting-ip", "1.2.3.4").expect(404);
      await inside?.get(path).expect(200);
    }
    expect((await call(port, bearer(gateway.keys.alice!))).status).toBe(200);
  });

  it("do not show the metrics of METRICS_PORT, where nothing else is", async () => {
    const gateway = await start({ METRICS_PORT: "0" });
    const metrics = ownRoutes(on(gateway.gateway.metricsPort ?? 0), gateway.keys.alice);
    const own = await metrics
      .get("/metrics")
      .expect("content-type", /^text\/plain; version=0\.0\.4/);
    expect(own.text).toContain("\nllm_gateway_queue_waiting 0\n");
    await metrics.get("/metrics").set("cf-ray", "1-TXL").expect(404);
    for (const path of ["/", "/health", "/v1/models"]) {
      await metrics.get(path).expect(404, "There is nothing at this path.\n");
    }
    await ownRoutes(gateway.url, gateway.keys.alice).get("/metrics").expect(404);
  });

  it("show all of it with PUBLIC_ADMIN", async () => {
    const gateway = await start({ PUBLIC_PORT: "0", PUBLIC_ADMIN: "true" });
    const outside = ownRoutes(on(gateway.gateway.publicPort ?? 0));
    for (const path of places) await outside.get(path).expect(200);
  });
});
