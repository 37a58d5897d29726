import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { GatewayError } from "../errors.ts";
import { newKey } from "../users/key.ts";
import { parseUsers } from "../users/snapshot.ts";
import { createGuessLimit } from "./guess-limit.ts";
import { type Asker, createIdentify, type IdentifyOptions } from "./identify.ts";
import type { Identity } from "./identity.ts";
import { createJwtCheck } from "./jwt.ts";
import { createKeySet } from "./key-set.ts";
import type { PeopleBehind } from "./person-behind.ts";

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;

const issuer = "https://login.example.com/";
const audience = "llm-gateway";
const secret = "a secret that is long enough for HS256, really";
const start = Date.UTC(2026, 10, 21, 12);
const key = newKey();
const offKey = newKey();
const users = parseUsers(
  JSON.stringify({
    [key]: { user: "alice", role: "admin", limits: { tokens: 5 }, weight: 2 },
    [offKey]: { user: "gone", disabled: true },
  }),
);

let now = start;
let one: Pair;
let two: Pair;
let server: Server;
let url: string;
let served: object | null = null;
let asked = 0;

beforeAll(async () => {
  [one, two] = await Promise.all([
    generateKeyPair("RS256", { extractable: true }),
    generateKeyPair("RS256", { extractable: true }),
  ]);
  server = createServer((_request, response) => {
    asked++;
    response.statusCode = served === null ? 500 : 200;
    response.end(JSON.stringify(served));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});
afterAll(() => server.close());
beforeEach(async () => {
  now = start;
  asked = 0;
  served = { keys: [await jwk(one, "one")] };
});

const jwk = async ({ publicKey }: Pair, kid: string) => {
  return { ...(await exportJWK(publicKey)), kid, alg: "RS256" };
};

type Made = { kid?: string; alg?: string; key?: Parameters<SignJWT["sign"]>[0]; without?: string };

function token(claims: JWTPayload = {}, { kid = "one", alg = "RS256", key, without }: Made = {}) {
  const all: JWTPayload = {
    iss: issuer,
    aud: audience,
    sub: "carol",
    exp: start / 1_000 + 600,
    ...claims,
  };
  if (without !== undefined) delete all[without];
  return new SignJWT(all).setProtectedHeader({ alg, kid }).sign(key ?? one.privateKey);
}

/** Nobody is behind these keys. */
const people: PeopleBehind = { of: (entry) => entry };

function door(more: Partial<IdentifyOptions> = {}) {
  const keys = createKeySet({ url, now: () => now });
  const rules = { issuer, audience, skewMs: 60_000, now: () => now };
  const algorithms = ["RS256", "HS256"];
  const identify = createIdentify({
    users: () => users,
    people,
    guesses: createGuessLimit(),
    userHeader: null,
    jwt: {
      check: createJwtCheck({ ...rules, keys, secret, algorithms }),
      userClaim: "sub",
      roleClaim: "role",
    },
    access: null,
    now: () => now,
    ...more,
  });
  const asker: Asker = {
    headers: {},
    query: "",
    isPublic: false,
    address: "192.0.2.1",
    isProxied: false,
  };
  const ask = async (changes: Partial<Asker>): Promise<Identity> =>
    await identify({ ...asker, ...changes });
  return {
    ask,
    identify,
    bearer: (text: string) => ask({ headers: { authorization: `Bearer ${text}` } }),
  };
}

async function statusOf(asking: Promise<Identity>): Promise<number> {
  try {
    await asking;
    return 200;
  } catch (error) {
    return error instanceof GatewayError ? error.status : 500;
  }
}

describe("a key", () => {
  it("is judged without a promise, also beside all other ways in", () => {
    const { identify } = door({ userHeader: "user" });
    const found = identify({
      headers: { authorization: `Bearer ${key}` },
      query: "",
      isPublic: true,
      address: "192.0.2.1",
      isProxied: false,
    });
    expect(found).not.toBeInstanceOf(Promise);
    expect(asked).toBe(0);
  });
});

describe("a wrong key", () => {
  it("has what is done for a right one, and no more: one look at users.json, one digest", () => {
    const done: string[] = [];
    const watched = Object.freeze({
      ...users,
      find: (digest: string) => {
        done.push(`find ${digest.length}`);
        return users.find(digest);
      },
      entriesOf: (user: string) => {
        done.push("entries");
        return users.entriesOf(user);
      },
    });
    const read = () => {
      done.push("read");
      return watched;
    };
    const guesses = createGuessLimit();
    const only = { guesses, people, userHeader: null, jwt: null, access: null };
    const identify = createIdentify({ users: read, ...only });
    const ask = (sent: string) => {
      done.length = 0;
      const headers = { authorization: `Bearer ${sent}` };
      try {
        void identify({ headers, query: "", isPublic: false, address: "a", isProxied: false });
      } catch {}
      return [...done];
    };
    const right = ask(key);
    expect(right).toEqual(["read", "find 64"]);
    for (let guess = 0; guess < 40; guess++) expect(ask(newKey())).toEqual(right);
    for (const wrong of [`${key}x`, key.slice(0, -1), offKey, "a".repeat(10_000)]) {
      expect(ask(wrong)).toEqual(right);
    }
  });

  it("makes no error anew for each guess: a stack trace costs more than a look at the users", () => {
    const guesses = createGuessLimit();
    const identify = createIdentify({
      users: () => users,
      people,
      guesses,
      userHeader: null,
      jwt: null,
      access: null,
    });
    const seen = new Set<unknown>();
    for (let guess = 0; guess < 1_000; guess++) {
      const headers = { authorization: `Bearer ${newKey()}` };
      try {
        void identify({ headers, query: "", isPublic: false, address: "a", isProxied: false });
      } catch (error) {
        seen.add(error);
      }
    }
    // One is the 401; the others are 429 and differ by their seconds.
    expect(seen.size).toBeLessThan(65);
  });
});

describe("a JWT", () => {
  it("names a user by its claim, with what users.json says of them but not its role", async () => {
    const { bearer } = door();
    expect(await bearer(await token())).toMatchObject({
      user: "carol",
      role: "user",
      limits: null,
    });
    expect(await bearer(await token({ sub: "alice" }))).toMatchObject({
      user: "alice",
      role: "user",
      weight: 2,
      limits: { tokens: 5 },
    });
    expect(await bearer(await token({ role: "admin" }))).toMatchObject({ role: "admin" });
    expect(await bearer(await token({ role: ["x", "admin"] }))).toMatchObject({ role: "admin" });
    expect(await bearer(await token({ role: { admin: true } }))).toMatchObject({ role: "user" });
  });

  it("may be signed with the shared secret", async () => {
    const key = new TextEncoder().encode(secret);
    expect((await door().bearer(await token({}, { alg: "HS256", key }))).user).toBe("carol");
  });

  it.each([
    ["another issuer", { iss: "https://evil.example.com/" }],
    ["another audience", { aud: "another" }],
    ["no longer in force", { exp: start / 1_000 - 61 }],
    ["not yet in force", { nbf: start / 1_000 + 61 }],
    ["of somebody switched off", { sub: "gone" }],
    ["with a name that is none", { sub: "a\r\nx-gateway-user: root" }],
    ["with an inherited name", { sub: ["alice"] }],
  ] as const)("of %s is a 401", async (_what, claims) => {
    expect(await statusOf(door().bearer(await token(claims as JWTPayload)))).toBe(401);
  });

  it.each(["exp", "iss", "aud", "sub"])("without %s is a 401", async (without) => {
    expect(await statusOf(door().bearer(await token({}, { without })))).toBe(401);
  });

  it("counts to the second within the skew of clocks", async () => {
    const { bearer } = door();
    const text = await token({ exp: start / 1_000 });
    now = start + 59_000;
    expect(await statusOf(bearer(text))).toBe(200);
    now = start + 60_000;
    expect(await statusOf(bearer(text))).toBe(401);
  });

  it("without a signature is a 401, by whatever name", async () => {
    const [, body] = (await token()).split(".");
    for (const alg of ["none", "None", "NONE", "HS256"]) {
      const head = Buffer.from(JSON.stringify({ alg, kid: "one" })).toString("base64url");
      expect(await statusOf(door().bearer(`${head}.${body}.`))).toBe(401);
    }
  });

  it("signed with the public key as a secret is a 401", async () => {
    const pem = new TextEncoder().encode(await exportSPKI(one.publicKey));
    const forged = await token({}, { alg: "HS256", key: pem });
    expect(await statusOf(door().bearer(forged))).toBe(401);
    const keys = createKeySet({ url, now: () => now });
    const rules = { issuer, audience, skewMs: 0, now: () => now, algorithms: ["RS256", "HS256"] };
    const check = createJwtCheck({ ...rules, keys, secret: null });
    const { bearer } = door({ jwt: { check, userClaim: "sub", roleClaim: null } });
    expect(await statusOf(bearer(forged))).toBe(401);
  });

  it("checked by a symmetric key among the public ones is a 401", async () => {
    const k = Buffer.from(secret).toString("base64url");
    served = { keys: [{ kty: "oct", k, kid: "one", alg: "HS256" }] };
    const { bearer } = door();
    const forged = await token({}, { alg: "RS256", key: two.privateKey });
    expect(await statusOf(bearer(forged))).toBe(401);
  });

  it("with an algorithm that is not in the list is a 401", async () => {
    const rules = { issuer, audience, skewMs: 0, now: () => now };
    const keys = createKeySet({ url, now: () => now });
    const check = createJwtCheck({ ...rules, keys, secret, algorithms: ["ES256"] });
    const { bearer } = door({ jwt: { check, userClaim: "sub", roleClaim: null } });
    expect(await statusOf(bearer(await token()))).toBe(401);
    const key = new TextEncoder().encode(secret);
    expect(await statusOf(bearer(await token({}, { alg: "HS256", key })))).toBe(401);
  });

  it("is nothing where JWTs are off", async () => {
    expect(await statusOf(door({ jwt: null }).bearer(await token()))).toBe(401);
    expect(asked).toBe(0);
  });
});

describe("the server of public keys", () => {
  it("is asked once for many tokens", async () => {
    const { bearer } = door();
    const text = await token();
    await Promise.all(Array.from({ length: 20 }, () => bearer(text)));
    expect(asked).toBe(1);
  });

  it("that changes its keys is followed, without a restart", async () => {
    const { bearer } = door();
    await bearer(await token());
    served = { keys: [await jwk(two, "two")] };
    now += 10_000;
    const text = await token({}, { kid: "two", key: two.privateKey });
    expect(await statusOf(bearer(text))).toBe(200);
    expect(await statusOf(bearer(await token()))).toBe(401);
  });

  it("that cannot be reached lets in users with a known key, and nobody else", async () => {
    const { bearer } = door();
    await bearer(await token());
    served = null;
    now += 5 * 60_000;
    const late = { exp: start / 1_000 + 86_400 };
    expect(await statusOf(bearer(await token(late)))).toBe(200);
    now += 3_600_000;
    expect(await statusOf(bearer(await token(late)))).toBe(200);
    const unknown = await token(late, { kid: "two", key: two.privateKey });
    expect(await statusOf(bearer(unknown))).toBe(401);
  });

  it("that was never reached lets nobody in, until it answers", async () => {
    served = null;
    const { bearer } = door();
    expect(await statusOf(bearer(await token()))).toBe(401);
    served = { keys: [await jwk(one, "one")] };
    expect(await statusOf(bearer(await token()))).toBe(401);
    now += 10_000;
    expect(await statusOf(bearer(await token()))).toBe(200);
  });

  it("is not asked again for each invented key id", async () => {
    const { bearer } = door();
    await bearer(await token());
    for (let i = 0; i < 30; i++) {
      await statusOf(bearer(await token({}, { kid: `invented-${i}`, key: two.privateKey })));
    }
    expect(asked).toBe(1);
  });

  it("that answers without end or with nonsense is no key set", async () => {
    served = { keys: [], more: "x".repeat(300_000) };
    expect(await statusOf(door().bearer(await token()))).toBe(401);
    served = { keys: "all of them" };
    expect(await statusOf(door().bearer(await token()))).toBe(401);
  });
});

describe("Cloudflare Access", () => {
  function behind(required: "off" | "with_key" | "instead_of_key") {
    const keys = createKeySet({ url, now: () => now });
    const rules = { issuer, audience, skewMs: 0, now: () => now, algorithms: ["RS256"] };
    const check = createJwtCheck({ ...rules, keys, secret: null });
    return door({ jwt: null, access: { check, required } });
  }
  const assertion = async (claims: JWTPayload, made: Made = {}) => {
    return { "cf-access-jwt-assertion": await token(claims, { without: "sub", ...made }) };
  };

  it("names people by their email and service tokens by their common name", async () => {
    const { ask } = behind("off");
    const person = await ask({ headers: await assertion({ email: "ann@example.com" }) });
    expect(person).toMatchObject({ user: "ann@example.com", role: "user" });
    const service = await ask({ headers: await assertion({ common_name: "ci.access" }) });
    expect(service.user).toBe("ci.access");
    expect(await statusOf(ask({ headers: await assertion({}) }))).toBe(401);
  });

  it("forged, of another application, or expired is a 401", async () => {
    const { ask } = behind("off");
    const email = "ann@example.com";
    const wrong = [
      await assertion({ email }, { key: two.privateKey }),
      await assertion({ email, aud: "another" }),
      await assertion({ email, iss: "https://evil.cloudflareaccess.com" }),
      await assertion({ email, exp: start / 1_000 - 1 }),
      { "cf-access-jwt-assertion": "ann@example.com" },
    ];
    for (const headers of wrong) expect(await statusOf(ask({ headers }))).toBe(401);
    const named = { "cf-access-authenticated-user-email": email };
    expect(await statusOf(ask({ headers: named }))).toBe(401);
  });

  it("on top of keys lets nobody in from outside without both", async () => {
    const { ask } = behind("with_key");
    const passed = await assertion({ email: "ann@example.com" });
    const withKey = { authorization: `Bearer ${key}` };
    expect(await statusOf(ask({ isPublic: true, headers: withKey }))).toBe(401);
    expect(await statusOf(ask({ isPublic: true, headers: passed }))).toBe(401);
    const both = await ask({ isPublic: true, headers: { ...withKey, ...passed } });
    expect(both.user).toBe("alice");
    expect(await statusOf(ask({ headers: withKey }))).toBe(200);
  });

  it("instead of keys needs no key from outside, and a key alone is not enough", async () => {
    const { ask } = behind("instead_of_key");
    const headers = await assertion({ email: "ann@example.com" });
    expect((await ask({ isPublic: true, headers })).user).toBe("ann@example.com");
    const withKey = { authorization: `Bearer ${key}` };
    expect(await statusOf(ask({ isPublic: true, headers: withKey }))).toBe(401);
    expect(await statusOf(ask({ headers: withKey }))).toBe(200);
  });
});

describe("a header that names the user", () => {
  const named = { user: "dora" };

  it("counts from trusted proxies only, and never from outside", async () => {
    const { ask } = door({ userHeader: "user" });
    expect(await ask({ headers: named, isProxied: true })).toMatchObject({
      user: "dora",
      role: "user",
    });
    expect(await statusOf(ask({ headers: named }))).toBe(401);
    expect(await statusOf(ask({ headers: named, isProxied: true, isPublic: true }))).toBe(401);
    expect(await ask({ headers: { user: "alice" }, isProxied: true })).toMatchObject({
      role: "user",
    });
  });

  it("is off by default, and a name that is none is a 401", async () => {
    expect(await statusOf(door().ask({ headers: named, isProxied: true }))).toBe(401);
    const { ask } = door({ userHeader: "user" });
    expect(await statusOf(ask({ headers: { user: "../root" }, isProxied: true }))).toBe(401);
    expect(await statusOf(ask({ headers: { user: "gone" }, isProxied: true }))).toBe(401);
  });
});

describe("wrong keys", () => {
  it("are refused with 429 after twenty from one address, for longer and longer", async () => {
    const { bearer } = door();
    const waits: number[] = [];
    for (let i = 0; i < 20; i++) expect(await statusOf(bearer(newKey()))).toBe(401);
    for (let i = 0; i < 9; i++) {
      const error = await bearer(newKey()).catch((cause: GatewayError) => cause);
      if (!(error instanceof GatewayError)) throw new Error("not refused");
      expect(error.status).toBe(429);
      waits.push(Number(error.headers["retry-after"]));
      now += waits[i]! * 1_000;
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
    expect(await statusOf(bearer(key))).toBe(200);
    now += 16 * 60_000;
    expect(await statusOf(bearer(newKey()))).toBe(401);
  });

  it("of one address are not another's, but all of one IPv6 network are one", async () => {
    const { ask } = door();
    const guess = (address: string) =>
      statusOf(ask({ address, headers: { "x-api-key": newKey() } }));
    for (let i = 0; i < 20; i++) await guess(`2001:db8:1:2::${i.toString(16)}`);
    expect(await guess("2001:db8:1:2:ffff::1")).toBe(429);
    expect(await guess("2001:db8:1:3::1")).toBe(401);
    expect(await guess("192.0.2.9")).toBe(401);
  });

  it("count once if a client sends the same one again: it must not shut out its neighbours", async () => {
    const { bearer } = door();
    const old = newKey();
    for (let i = 0; i < 60; i++) expect(await statusOf(bearer(old))).toBe(401);
    for (let i = 0; i < 19; i++) {
      expect(await statusOf(bearer(newKey()))).toBe(401);
      expect(await statusOf(bearer(old))).toBe(401);
    }
    expect(await statusOf(bearer(newKey()))).toBe(429);
    // Nor does it end the wait of the guesses.
    expect(await statusOf(bearer(old))).toBe(401);
    expect(await statusOf(bearer(newKey()))).toBe(429);
  });

  it("and keys that may not do a thing are answered as final", async () => {
    const { bearer } = door();
    const error = await bearer(newKey()).catch((cause: GatewayError) => cause);
    expect(error).toMatchObject({ status: 401, headers: { "x-should-retry": "false" } });
    const refused = new GatewayError("not_allowed", "no");
    expect(refused.headers).toEqual({ "x-should-retry": "false" });
  });

  it("do not count where no key was sent", async () => {
    const { ask } = door();
    for (let i = 0; i < 40; i++) expect(await statusOf(ask({}))).toBe(401);
  });

  it("from a hundred thousand addresses take bounded memory", async () => {
    const guesses = createGuessLimit();
    for (let i = 0; i < 21; i++) guesses.failed("192.0.2.1", newKey(), start);
    for (let i = 0; i < 100_000; i++) guesses.failed(`a${i}`, newKey(), start);
    // The oldest is forgotten, which is what shows the bound.
    expect(guesses.failed("192.0.2.1", newKey(), start)).toBeNull();
  });
});
