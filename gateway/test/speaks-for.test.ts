import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { SignJWT } from "jose";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chat, newTestKey, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { holding, inLine } from "./support/holding.ts";
import { politeChat } from "./support/mock-upstream.ts";
import { ownRoutes } from "./support/own-routes.ts";

const plain = newTestKey();
const signed = newTestKey();
const unmarked = newTestKey();
const admin = newTestKey();
const secret = "a-secret-that-only-the-two-share-0123";
const header = "x-openwebui-user-email";
const jwtHeader = "x-openwebui-user-jwt";

const users: Record<string, string | Record<string, unknown>> = {
  [plain]: { user: "webui", speaks_for: "open-webui", weight: 3, limits: { tokens: 1_000_000 } },
  [signed]: {
    user: "signed",
    speaks_for: { preset: "open-webui", jwt_secret_env: "TEST_WEBUI_JWT_SECRET" },
  },
  [unmarked]: "frank",
  [admin]: { user: "root@home", role: "admin" },
  [newTestKey()]: { user: "ann@home", weight: 5, models: ["mock", "other*"] },
  [newTestKey()]: { user: "gone@home", disabled: true },
};

let gateway: TestGateway;
beforeEach(async () => {
  process.env.TEST_WEBUI_JWT_SECRET = secret;
  gateway = await startTestGateway(politeChat);
  writeFileSync(gateway.usersFile, JSON.stringify(users));
});
afterEach(async () => {
  delete process.env.TEST_WEBUI_JWT_SECRET;
  await gateway.stop();
});

/** As the program sends it: its own key, and what it says of the person. */
const post = (key: string, headers: Record<string, string>, body: object = chat()) =>
  gateway.post("/v1/chat/completions", body, {
    headers: { authorization: `Bearer ${key}`, ...headers },
  });

async function refusal(key: string, headers: Record<string, string>) {
  const answer = await post(key, headers);
  const { error } = (await answer.json()) as { error: { code: string; message: string } };
  return { status: answer.status, error };
}

type Claims = Record<string, unknown>;

function token(claims: Claims = {}, { by = secret, ends = 300 } = {}): Promise<string> {
  const now = Math.floor(Date.now() / 1000);
  // As Open WebUI 0.12.4 makes it.
  const all = { sub: "u1", email: "ann@home", name: "Ann", role: "admin", iss: "open-webui" };
  return new SignJWT({ ...all, iat: now, exp: now + ends, ...claims })
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .sign(new TextEncoder().encode(by));
}

describe("people behind one key", () => {
  it("are the users of their requests, everywhere", async () => {
    for (const person of ["ann@home", "ben@home", "ben@home"]) {
      const answer = await post(plain, { [header]: person });
      expect(answer.status).toBe(200);
      await answer.text();
    }
    expect(gateway.rows().map(({ user }) => user)).toEqual(["ann@home", "ben@home", "ben@home"]);
    const seen = gateway.upstream.seen.map(({ headers }) => headers["x-gateway-user"]);
    expect(seen.slice(-3)).toEqual(["ann@home", "ben@home", "ben@home"]);
    const all = await ownRoutes(gateway.url, admin).get("/usage?group=user,key").expect(200);
    const [ann, ben] = all.body.data;
    expect([ann.user, ann.requests, ben.user, ben.requests]).toEqual([
      "ann@home",
      1,
      "ben@home",
      2,
    ]);
    expect(ann.key).toBe(ben.key);
    const me = await ownRoutes(gateway.url, plain).get("/me").set(header, "ben@home").expect(200);
    expect(me.body).toMatchObject({ user: "ben@home", role: "user", is_admin: false });
  });

  it("have the rights of their own entry, and those of the key without one", async () => {
    const asked = { ...chat(), model: "secret-model" };
    const statusOf = async (person: string) =>
      (await post(plain, { [header]: person }, asked)).status;
    expect(await statusOf("ann@home")).toBe(403);
    expect(await statusOf("ben@home")).toBe(200);
    expect(await refusal(plain, { [header]: "gone@home" })).toMatchObject({
      ...{ status: 401, error: { code: "invalid_user_assertion" } },
    });
  });

  it("are never administrators, whatever name or role the program says", async () => {
    const asked = (key: string) => ownRoutes(gateway.url, key).get("/users");
    await asked(admin).expect(200);
    await asked(plain).set(header, "root@home").expect(403);
    await asked(signed)
      .set(jwtHeader, await token({ email: "root@home" }))
      .expect(403);
  });

  it("the header counts for nothing with a key that is not marked", async () => {
    await (await post(unmarked, { [header]: "ann@home" })).text();
    expect(gateway.rows().map(({ user }) => user)).toEqual(["frank"]);
  });

  it("without the header the request is of the key's own user", async () => {
    await (await post(plain, {})).text();
    expect(gateway.rows().map(({ user }) => user)).toEqual(["webui"]);
  });

  it.each([
    ["two names", "ann@home, ben@home"],
    ["a name of 10 kB", "a".repeat(10_000)],
    ["a name that is none", "<img onerror>"],
    ["a key", "sk-0123456789abcdef"],
  ])("%s in the header is a 401 that names it", async (_, value) => {
    const { status, error } = await refusal(plain, { [header]: value });
    expect([status, error.code]).toEqual([401, "invalid_user_assertion"]);
    expect(error.message).toContain(header);
    expect(error.message).not.toContain(value.slice(0, 20));
    expect(gateway.rows()).toEqual([]);
  });

  it("two headers of one name are refused too", async () => {
    const { status } = await refusal(plain, {
      [header]: "ann@home",
      "X-OpenWebUI-User-Email": "b@home",
    });
    expect(status).toBe(401);
  });

  it("the header and the assertion do not go to the upstream", async () => {
    await (await post(plain, { [header]: "ann@home" })).text();
    await (await post(signed, { [jwtHeader]: await token() })).text();
    for (const { headers } of gateway.upstream.seen) {
      expect(Object.keys(headers).filter((name) => name.includes("openwebui-user"))).toEqual([]);
    }
  });

  it("a program's background calls wait behind the chats of others", async () => {
    const held = holding();
    await using other = await startTestGateway(held.handler, { MAX_CONCURRENT: "1" });
    writeFileSync(other.usersFile, JSON.stringify(users));
    const send = (person: string, more = {}) =>
      other.post("/v1/chat/completions", chat(), {
        headers: { authorization: `Bearer ${plain}`, [header]: person, ...more },
      });
    const asked = [send("ann@home")];
    await inLine(other, { active: 1, waiting: 0 });
    asked.push(send("ann@home", { "x-openwebui-task": "title_generation" }));
    await inLine(other, { active: 1, waiting: 1 });
    asked.push(send("ben@home"));
    await inLine(other, { active: 1, waiting: 2 });
    const { body } = await ownRoutes(other.url, admin).get("/queue");
    expect(body.data.map(({ user }: { user: string }) => user)).toEqual([
      ...["ann@home", "ben@home", "ann@home"],
    ]);
    held.releaseAll();
    for (const one of asked) await (await one).text();
  });

  it("are a hash in the metrics, after a restart too, unless METRICS_USERS is names", async () => {
    for (const person of ["ann@home", "ben@home"]) {
      await (await post(plain, { [header]: person })).text();
    }
    const metricsOf = async (url: string) => (await ownRoutes(url).get("/metrics")).text;
    const text = await metricsOf(gateway.url);
    expect(text).toContain('user="ann@home"');
    expect(text).toMatch(/requests_total\{user="person-[0-9a-f]{12}"\} 1\n/);
    expect(text).not.toContain("ben@home");
    const shared = {
      ...{ USERS_FILE: gateway.usersFile, DATABASE_FILE: join(gateway.dir, "gateway.db") },
    };
    await using again = await startTestGateway(politeChat, shared);
    expect(await metricsOf(again.url)).toMatch(/user="person-[0-9a-f]{12}"\} 1\n/);
    await using named = await startTestGateway(politeChat, { ...shared, METRICS_USERS: "names" });
    expect(await metricsOf(named.url)).toContain('user="ben@home"');
  });
});

describe("people behind a key that signs", () => {
  it("are named by the assertion", async () => {
    const answer = await post(signed, { [jwtHeader]: await token({ email: "ben@home" }) });
    expect(answer.status).toBe(200);
    await answer.text();
    expect(gateway.rows().map(({ user }) => user)).toEqual(["ben@home"]);
  });

  const unsigned = (claims: Claims): string => {
    const parts = [{ alg: "none", typ: "JWT" }, claims].map((part) => JSON.stringify(part));
    return `${parts.map((part) => Buffer.from(part).toString("base64url")).join(".")}.`;
  };

  it.each([
    ["missing", async () => ({})],
    ["a plain name", async () => ({ [header]: "ann@home" })],
    ["unsigned", async () => ({ [jwtHeader]: unsigned({ email: "ann@home", iss: "open-webui" }) })],
    ["of another key", async () => ({ [jwtHeader]: await token({}, { by: `${secret}x` }) })],
    ["of another issuer", async () => ({ [jwtHeader]: await token({ iss: "librechat" }) })],
    ["expired", async () => ({ [jwtHeader]: await token({}, { ends: -120 }) })],
    ["without an end", async () => ({ [jwtHeader]: await token({ exp: undefined }) })],
    ["without a name", async () => ({ [jwtHeader]: await token({ email: undefined }) })],
    ["of a name that is a list", async () => ({ [jwtHeader]: await token({ email: ["a"] }) })],
  ])("an assertion that is %s is a 401", async (_, headers) => {
    const { status, error } = await refusal(signed, await headers());
    expect([status, error.code]).toEqual([401, "invalid_user_assertion"]);
    expect(error.message.length).toBeLessThan(200);
    expect(gateway.rows()).toEqual([]);
  });

  it("clocks may differ by JWT_CLOCK_SKEW", async () => {
    const late = await post(signed, { [jwtHeader]: await token({}, { ends: -30 }) });
    expect(late.status).toBe(200);
    await late.text();
  });

  it("says which variable to set while there is no secret", async () => {
    delete process.env.TEST_WEBUI_JWT_SECRET;
    await using other = await startTestGateway(politeChat);
    writeFileSync(other.usersFile, JSON.stringify(users));
    const answer = await other.post("/v1/chat/completions", chat(), {
      headers: { authorization: `Bearer ${signed}`, [jwtHeader]: await token() },
    });
    expect(answer.status).toBe(401);
    expect(await answer.text()).toContain("TEST_WEBUI_JWT_SECRET");
  });
});

describe("the bounds of a key", () => {
  it("bound all of its people together", async () => {
    writeFileSync(
      gateway.usersFile,
      JSON.stringify({
        ...users,
        [plain]: { user: "webui", speaks_for: "open-webui", limits: { requests: 3 } },
      }),
    );
    const statuses: number[] = [];
    for (const person of ["a@home", "b@home", "c@home", "d@home"]) {
      const answer = await post(plain, { [header]: person });
      await answer.text();
      statuses.push(answer.status);
    }
    expect(statuses).toEqual([200, 200, 200, 429]);
    // A person with an entry has limits of their own, and those of the key.
    expect((await post(plain, { [header]: "ann@home" })).status).toBe(429);
    await until(() => gateway.rows().length === 3, "the accepted ones have rows");
  });

  it("max_concurrent and max_queued bound all of its people together, and nobody else", async () => {
    const held = holding();
    await using other = await startTestGateway(held.handler, { MAX_CONCURRENT: "4" });
    const bounds = { max_concurrent: 2, max_queued: 2 };
    const webui = { user: "webui", speaks_for: "open-webui", ...bounds };
    writeFileSync(other.usersFile, JSON.stringify({ ...users, [plain]: webui }));
    const send = (key: string, person?: string) =>
      other.post("/v1/chat/completions", chat(), {
        headers: {
          authorization: `Bearer ${key}`,
          ...(person === undefined ? {} : { [header]: person }),
        },
      });
    const asked = ["a@home", "b@home", "c@home", "d@home"].map((person) => send(plain, person));
    await inLine(other, { active: 2, waiting: 2 });
    const refused = await send(plain, "e@home");
    expect(refused.status).toBe(503);
    expect(await refused.text()).toContain("people behind this key");
    // Two slots are free, and they are for others.
    asked.push(send(unmarked), send(admin));
    await inLine(other, { active: 4, waiting: 2 });
    await held.release(0);
    await inLine(other, { active: 4, waiting: 1 });
    held.releaseAll();
    for (const one of asked) {
      const answer = await one;
      expect(answer.status).toBe(200);
      await answer.text();
    }
    const { body } = await ownRoutes(other.url, admin).get("/queue").expect(200);
    expect(body.data).toEqual([]);
  });
});
