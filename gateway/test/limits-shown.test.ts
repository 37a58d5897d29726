import { readFileSync, writeFileSync } from "node:fs";
import { SignJWT } from "jose";
import { afterEach, describe, expect, it } from "vitest";
import { chat, newTestKey, startTestGateway, type TestGateway } from "./support/harness.ts";
import { politeChat } from "./support/mock-upstream.ts";
import { ownRoutes } from "./support/own-routes.ts";

const running: TestGateway[] = [];
afterEach(async () => {
  for (const gateway of running.splice(0)) await gateway.stop();
});

const secret = "0123456789abcdef0123456789abcdef-test-only";
const jwt = { JWT_SECRET: secret, JWT_ISSUER: "https://id.example.com/", JWT_AUDIENCE: "gateway" };

async function start(env: Record<string, string> = {}) {
  const gateway = await startTestGateway(politeChat, { ENABLE_RATE_LIMITING: "true", ...env });
  running.push(gateway);
  return gateway;
}

function edit(gateway: TestGateway, entries: Record<string, unknown>): void {
  const users = JSON.parse(readFileSync(gateway.usersFile, "utf8"));
  writeFileSync(gateway.usersFile, JSON.stringify({ ...users, ...entries }));
}

const signed = (claims: object) =>
  new SignJWT({ iss: jwt.JWT_ISSUER, aud: "gateway", ...claims })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("10m")
    .sign(new TextEncoder().encode(secret));

const look = async (url: string, key: string | undefined, query = "", headers = {}) => {
  const answer = await ownRoutes(url, key).get(`/limits${query}`).set(headers);
  return { status: answer.status, headers: answer.headers, body: answer.body as Shown };
};
type Shown = {
  user: string;
  limits: { metric: string; used: number; limit: number; remaining: number }[];
  keys?: { key: string; limits: { limit: number }[] }[];
  error?: { message: string };
};

describe("GET /limits to an administrator", () => {
  it("shows the usage of a user, for each key if keys have limits of their own", async () => {
    const gateway = await start();
    const [first, second] = [newTestKey(), newTestKey()];
    edit(gateway, {
      [first]: { user: "dora", limits: { tokens: 500 } },
      [second]: { user: "dora", limits: { tokens: 900 } },
    });
    const headers = { authorization: `Bearer ${second}` };
    await (await gateway.post("/v1/chat/completions", chat({ max_tokens: 5 }), { headers })).text();
    const { status, body } = await look(gateway.url, gateway.keys.admin, "?user=dora");
    expect(status).toBe(200);
    expect(body.user).toBe("dora");
    // What is used is the user's; what is allowed is the key's.
    expect(body.keys?.map(({ limits }) => limits[0])).toMatchObject([
      { limit: 500, used: 5, remaining: 495 },
      { limit: 900, used: 5, remaining: 895 },
    ]);
    expect(body.keys?.map(({ key }) => key)).toEqual([first.slice(0, 7), second.slice(0, 7)]);
    expect(JSON.stringify(body)).not.toContain(first.slice(8));
    const own = await look(gateway.url, second);
    expect(own.body.limits[0]).toMatchObject({ limit: 900, used: 5 });
    expect(own.body.keys).toBeUndefined();
  });

  it("shows a user with a token and no entry in users.json after the first request", async () => {
    const gateway = await start(jwt);
    expect((await look(gateway.url, gateway.keys.admin, "?user=erin")).status).toBe(404);
    const headers = { authorization: `Bearer ${await signed({ sub: "erin" })}` };
    await (await gateway.post("/v1/chat/completions", chat({ max_tokens: 5 }), { headers })).text();
    const { status, body } = await look(gateway.url, gateway.keys.admin, "?user=erin");
    expect(status).toBe(200);
    expect(body.limits[0]).toMatchObject({ metric: "tokens", used: 5 });
  });

  it("accepts an administrator whom the role claim of a token names", async () => {
    const gateway = await start({ ...jwt, JWT_ROLE_CLAIM: "role" });
    const admin = await signed({ sub: "root", role: "admin" });
    expect((await look(gateway.url, admin, "?user=alice")).status).toBe(200);
    const other = await signed({ sub: "root", role: "user" });
    expect((await look(gateway.url, other, "?user=alice")).status).toBe(403);
  });

  it("on PUBLIC_PORT shows administrators only their own limits, unless PUBLIC_ADMIN is on", async () => {
    for (const [env, status] of [
      [{}, 403],
      [{ PUBLIC_ADMIN: "true" }, 200],
    ] as const) {
      const gateway = await start({ ...env, PUBLIC_PORT: "0" });
      const outside = `http://127.0.0.1:${gateway.gateway.publicPort}`;
      const { admin, alice } = gateway.keys;
      expect((await look(outside, admin, "?user=alice")).status).toBe(status);
      expect((await look(outside, admin, "?user=admin")).status).toBe(200);
      expect((await look(outside, admin)).status).toBe(200);
      expect((await look(outside, alice, "?user=admin")).status).toBe(403);
      const forged = await look(gateway.url, admin, "?user=alice", { "cf-ray": "1-TXL" });
      expect(forged.status).toBe(status);
    }
  });

  it.each(["?user=", "?user=__proto__", "?user=constructor", "?user=%00", "?user=a%0d%0ax:%20y"])(
    "%s names nobody",
    async (query) => {
      const gateway = await start();
      expect((await look(gateway.url, gateway.keys.admin, query)).status).toBe(404);
    },
  );
});

describe("GET /limits to others", () => {
  it("gives the same refusal for users that exist and users that do not", async () => {
    const gateway = await start();
    const asked = await Promise.all(
      ["?user=bob", "?user=admin", "?user=nobody"].map((query) =>
        look(gateway.url, gateway.keys.alice, query),
      ),
    );
    expect(asked.map(({ status }) => status)).toEqual([403, 403, 403]);
    expect(new Set(asked.map(({ body }) => body.error?.message)).size).toBe(1);
  });

  it("shows every limit with its window and its reset, and is kept by no cache", async () => {
    const gateway = await start();
    const limits = {
      ...{ requests: 10, tokens: 1_000, tokens_per_day: 5_000, tokens_per_month: 50_000 },
      upstream_seconds: { max: 60, window: "6h", mode: "slow" },
      cost_per_day: 2,
    };
    edit(gateway, { [gateway.keys.alice ?? ""]: { user: "alice", limits } });
    const before = Date.now();
    await (await gateway.post("/v1/chat/completions", chat({ max_tokens: 5 }))).text();
    const { body, headers } = await look(gateway.url, gateway.keys.alice);
    const after = Date.now();
    expect(headers["cache-control"]).toBe("no-store");
    const shown = body.limits as unknown as Record<string, string | number>[];
    const brief = shown.map((one) => [one.metric, one.window_seconds, one.mode, one.limit]);
    expect(brief.toSorted()).toEqual(
      [
        ["requests", 3_600, "refuse", 10],
        ["tokens", 3_600, "refuse", 1_000],
        ["tokens", 86_400, "refuse", 5_000],
        ["tokens", 2_592_000, "refuse", 50_000],
        ["upstream_seconds", 21_600, "slow", 60],
        ["cost", 86_400, "refuse", 2],
      ].toSorted(),
    );
    for (const one of shown) {
      if (one.used === 0) continue;
      const resets = Date.parse(String(one.resets_at)) - Number(one.window_seconds) * 1_000;
      expect(resets).toBeGreaterThanOrEqual(before);
      expect(resets).toBeLessThanOrEqual(after);
    }
  });

  it("shows an empty list where there are none", async () => {
    const gateway = await start({ ENABLE_RATE_LIMITING: "false" });
    const { body } = await look(gateway.url, gateway.keys.alice);
    expect(body).toEqual({ object: "limits", user: "alice", limits: [] });
  });
});
