import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { chat, startTestGateway, type TestGateway } from "./support/harness.ts";
import { politeChat } from "./support/mock-upstream.ts";
import { ownRoutes } from "./support/own-routes.ts";

let gateway: TestGateway;
beforeEach(async () => {
  gateway = await startTestGateway(politeChat);
});
afterEach(() => gateway.stop());

const as = (user: string): ReturnType<typeof ownRoutes> =>
  ownRoutes(gateway.url, gateway.keys[user]);
const withKey = (key: string) => ownRoutes(gateway.url, key);
const nobody = () => ownRoutes(gateway.url);
const ask = async (user: string): Promise<void> => {
  const answer = await gateway.post("/v1/chat/completions", chat(), { user });
  expect(answer.status).toBe(200);
  await answer.text();
};
const usersFile = (): Record<string, unknown> =>
  JSON.parse(readFileSync(gateway.usersFile, "utf8"));

describe("GET /me", () => {
  it("says who asks, with keys by hint, models, limits and addresses", async () => {
    const { body } = await as("alice").get("/me").expect(200);
    const hint = gateway.keys.alice?.slice(0, 7);
    expect(body).toMatchObject({
      ...{ object: "me", user: "alice", role: "user", is_admin: false, is_public: false },
      ...{ key: { hint, expires: null }, limits: [], version: "0.0.0-test" },
      ...{ base_urls: { lan: gateway.url, tunnel: null }, features: { wall: false } },
    });
    expect(body.keys).toEqual([
      { id: expect.stringMatching(/^[0-9a-f]{16}$/), hint, expires: null, disabled: false },
    ]);
    expect(JSON.stringify(body)).not.toContain(gateway.keys.alice?.slice(7));
    expect((await as("admin").get("/me")).body).toMatchObject({ role: "admin", is_admin: true });
  });

  it("from outside an administrator is none, and the address is that of the tunnel", async () => {
    const { body } = await as("admin")
      .get("/me")
      .set({ "cf-ray": "1", host: "llm.example.com" })
      .expect(200);
    expect(body).toMatchObject({ role: "admin", is_admin: false, is_public: true });
    expect(body.base_urls.tunnel).toBe("https://llm.example.com");
  });

  it("repeats nothing of a Host that names no host", async () => {
    const { body } = await as("alice").get("/me").set("host", 'x"><img src=x>').expect(400);
    expect(JSON.stringify(body)).not.toContain("<img");
  });
});

describe("GET /usage", () => {
  it("is one's own, and everyone's for an administrator", async () => {
    await ask("alice");
    await ask("alice");
    await ask("bob");
    const mine = await as("alice").get("/usage?group=user,model").expect(200);
    expect(mine.body).toMatchObject({ object: "usage", tz: "UTC", group: ["user", "model"] });
    expect(mine.body.data).toMatchObject([{ user: "alice", model: "mock", requests: 2 }]);
    expect(mine.body.total).toMatchObject({ requests: 2, errors: 0, unmetered: 0 });
    const all = await as("admin").get("/usage?group=user&tz=Asia/Tokyo").expect(200);
    expect(all.body.data.map(({ user }: { user: string }) => user)).toEqual(["alice", "bob"]);
    const bobs = await as("admin").get("/usage?user=bob").expect(200);
    expect(bobs.body.total.requests).toBe(1);
    await as("alice").get("/usage?user=bob").expect(403);
    await as("admin").get("/usage?user=bob").set("cf-ray", "1").expect(403);
  });

  it("is CSV for a spreadsheet", async () => {
    await ask("alice");
    const { text, headers } = await as("alice")
      .get("/usage?group=model,key&format=csv")
      .expect(200);
    expect(headers["content-type"]).toBe("text/csv; charset=utf-8");
    const [head, line] = text.split("\n");
    expect(head).toMatch(/^model,key,requests,/);
    expect(line).toMatch(/^mock,[0-9a-f]{16},1,/);
  });

  it("is empty where nothing was used", async () => {
    const { body } = await as("alice").get("/usage").expect(200);
    expect(body).toMatchObject({ data: [], total: { requests: 0, cost: null } });
  });

  it.each([
    ["tz=Europe/Atlantis", "tz"],
    [`tz=${"x".repeat(5000)}`, "tz"],
    ["from=yesterday", "from"],
    ["from=2026-02-31", "from"],
    ["from=+275760-09-13", "from"],
    ["from=2026-03-01&to=2026-02-01", "to"],
    ["group=colour", "group"],
    ["format=xml", "format"],
  ])("refuses %s with a 400 that names it", async (query, param) => {
    const { body } = await as("alice").get(`/usage?${query}`).expect(400);
    expect(body.error).toMatchObject({ code: "invalid_request", param });
  });
});

describe("GET /me/requests", () => {
  it("shows one's own requests in pages, and nobody else's", async () => {
    for (const user of ["alice", "bob", "alice", "alice"]) await ask(user);
    const first = await as("alice").get("/me/requests?limit=2").expect(200);
    expect(first.body.data).toHaveLength(2);
    expect(first.body.data[0]).toMatchObject({
      ...{ model: "mock", dialect: "chat", state: "done", status: 200, error_code: null },
      ...{ served_model: null, duration_ms: expect.any(Number), input_tokens: expect.any(Number) },
    });
    const rest = await as("alice").get(`/me/requests?cursor=${first.body.next_cursor}`).expect(200);
    expect(rest.body).toMatchObject({ data: [{ model: "mock" }], next_cursor: null });
    const seen = [...first.body.data, ...rest.body.data].map(({ id }: { id: string }) => id);
    const mine = gateway.rows().filter(({ user }) => user === "alice");
    expect(seen.toSorted()).toEqual(mine.map(({ id }) => id).toSorted());
  });

  it.each(["limit=0", "limit=201", "limit=ten", "cursor=here", "cursor=1-2-3"])(
    "refuses %s",
    async (query) => void (await as("alice").get(`/me/requests?${query}`).expect(400)),
  );
});

describe("listening for one's next request", () => {
  const heard = async (user: string) => (await as(user).get("/me/listen").expect(200)).body;

  it("shows names and types of the next request once, and no text of it", async () => {
    expect(await heard("alice")).toEqual({ until: null, request: null });
    const { body } = await as("alice").post("/me/listen").expect(200);
    expect(Date.parse(body.until) - Date.now()).toBeGreaterThan(290_000);
    await ask("bob");
    expect(await heard("alice")).toMatchObject({ request: null });
    await ask("alice");
    const wrong = await gateway.post("/v1/chat/completions", { model: "mock", messages: 5 });
    expect(wrong.status).toBe(400);
    const first = await heard("alice");
    expect(first.request).toMatchObject({
      ...{ method: "POST", path: "/v1/chat/completions", fault: null },
      fields: [
        { name: "model", type: "string" },
        { name: "messages", type: "array" },
      ],
    });
    expect(first.request.header_names).toContain("authorization");
    expect(JSON.stringify(first)).not.toMatch(/hello|Bearer|sk-/);
    expect(await heard("bob")).toEqual({ until: null, request: null });
  });

  it("says what was wrong with it", async () => {
    await as("alice").post("/me/listen").expect(200);
    await gateway.post("/v1/chat/completions", { model: "mock", messages: 5 });
    // A worker tells of it a moment later.
    const { request } = await vi.waitUntil(async () => {
      const found = await heard("alice");
      return found.request === null ? false : found;
    });
    expect(request.fault).toContain("messages");
    expect(request.fields).toContainEqual({ name: "messages", type: "number" });
  });
});

describe("GET /upstreams", () => {
  it("shows numbers to a person, and names and health to an administrator", async () => {
    await ask("alice");
    const mine = await as("alice").get("/upstreams").expect(200);
    expect(mine.body).toMatchObject({
      ...{ next_slot_seconds: 0, data: [{ capacity: 1, active: 0, models: expect.any(Array) }] },
    });
    expect(JSON.stringify(mine.body)).not.toContain("127.0.0.1");
    const admins = await as("admin").get("/upstreams").expect(200);
    expect(admins.body.data).toMatchObject([{ name: gateway.upstream.url, health: "up" }]);
    const outside = await as("admin").get("/upstreams").set("cf-ray", "1").expect(200);
    expect(outside.body.data[0]).not.toHaveProperty("name");
  });
});

it("no call tells a person the address of an upstream, and an administrator from outside neither", async () => {
  const answer = await gateway.post("/v1/chat/completions", chat());
  await answer.text();
  const id = answer.headers.get("x-request-id");
  for (const [user, outside] of [
    ["alice", false],
    ["alice", true],
    ["admin", true],
  ] as const) {
    for (const path of [
      ...["/me", "/me/requests", "/usage?group=upstream", "/usage?group=upstream&format=csv"],
      ...["/queue", "/upstreams", "/limits", "/v1/models", "/api/v1/models", "/api/v1/providers"],
      ...[`/api/v1/generation?id=${id}`],
    ]) {
      const asked = as(user).get(path);
      const { text } = await (outside ? asked.set("cf-ray", "1") : asked);
      expect(text, `${user} ${path}`).not.toContain(String(gateway.upstream.port));
    }
  }
  const { body } = await as("alice").get("/me/requests").expect(200);
  expect(body.data[0].upstream).toBe("upstream");
  const all = await as("admin").get("/usage?group=upstream").expect(200);
  expect(all.body.data[0].upstream).toBe(gateway.upstream.url);
});

describe("GET /fairness", () => {
  it("says who held the slots and how long they waited, to administrators only", async () => {
    await ask("alice");
    await ask("bob");
    await as("alice").get("/fairness").expect(403);
    const { body } = await as("admin").get("/fairness").expect(200);
    expect(body).toMatchObject({ window_seconds: 600, jain: null, estimates: { count: 0 } });
    const shares = body.users.map(({ share }: { share: number }) => share);
    expect(shares.reduce((sum: number, one: number) => sum + one, 0)).toBeCloseTo(1, 6);
    expect(body.users).toMatchObject([
      { user: "alice", weight: 1, requests: 1, wait_p50_seconds: 0 },
      { user: "bob", requests: 1 },
    ]);
  });
});

describe("the users", () => {
  it("are added, changed and removed by an administrator, and count at once", async () => {
    const added = await as("admin")
      .post("/users")
      .send({ user: "Ann Lee", models: ["mock"], weight: 2, note: "lab", expires: "2099-01-01" })
      .expect(201);
    const { key, keys } = added.body;
    expect(added.body).toMatchObject({ user: "Ann Lee", role: "user", weight: 2, disabled: false });
    expect(keys).toMatchObject([{ note: "lab", expires: "2099-01-01T00:00:00.000Z" }]);
    expect(readFileSync(gateway.usersFile, "utf8")).not.toContain(key);
    await withKey(key).get("/me").expect(200);
    const path = "/users/Ann%20Lee";
    const changed = await as("admin")
      .patch(path)
      .send({ weight: null, max_queued: 3, limits: { tokens: 1000 } });
    expect(changed.body).toMatchObject({ weight: 1, max_queued: 3, limits: { tokens: 1000 } });
    expect((await withKey(key).get("/limits")).body.limits).toMatchObject([{ limit: 1000 }]);
    await as("admin").patch(path).send({ disabled: true }).expect(200);
    await withKey(key).get("/me").expect(401);
    await as("admin").patch(path).send({ disabled: false }).expect(200);
    await withKey(key).get("/me").expect(200);
    const listed = await as("admin").get("/users").expect(200);
    expect(listed.body.data).toHaveLength(5);
    expect(JSON.stringify(listed.body)).not.toContain(key.slice(8));
    await as("admin").delete(path).expect(200);
    await withKey(key).get("/me").expect(401);
    await as("admin").delete(path).expect(404);
  });

  it("have several keys, which come and go one by one", async () => {
    const [first] = (await as("alice").get("/me")).body.keys;
    await as("admin").patch("/users/alice").send({ weight: 3 }).expect(200);
    const made = await as("admin").post("/users/alice/keys").send({ note: "laptop" }).expect(201);
    expect(made.body).toMatchObject({ user: "alice", hint: made.body.key.slice(0, 7) });
    const { data } = (await as("admin").get("/users")).body;
    const alice = data.find(({ user }: { user: string }) => user === "alice");
    expect(alice).toMatchObject({ weight: 3, keys: [{ id: first.id }, { note: "laptop" }] });
    const path = `/users/alice/keys/${first.id}`;
    const rotated = await as("admin").post(`${path}/rotate`).send({ grace: "0" }).expect(201);
    await as("alice").get("/me").expect(401);
    await withKey(rotated.body.key).get("/me").expect(200);
    await as("admin").delete(`/users/alice/keys/${made.body.id}`).expect(200);
    await withKey(made.body.key).get("/me").expect(401);
    await as("admin").delete(path).expect(404);
    const again = `/users/alice/keys/${rotated.body.id}/rotate`;
    const graced = await as("admin").post(again).send({ grace: "1h" }).expect(201);
    for (const key of [rotated.body.key, graced.body.key]) {
      await withKey(key).get("/me").expect(200);
    }
  });

  it("are nobody's business but an administrator's, and on the LAN only", async () => {
    const calls = [
      ["get", "/users"],
      ["post", "/users"],
      ["patch", "/users/bob"],
      ["delete", "/users/bob"],
      ["post", "/users/bob/keys"],
      ["get", "/invites"],
      ["post", "/invites"],
      ["delete", "/invites/x"],
    ] as const;
    for (const [method, path] of calls) {
      const mine = await as("alice")
        [method](path)
        .send(method === "get" ? undefined : {});
      expect([mine.status, mine.body.error?.code], path).toEqual([403, "not_allowed"]);
      const outside = await as("admin")[method](path).set("cf-ray", "1");
      expect(outside.status, path).toBe(403);
    }
  });

  it.each([
    [{ user: "dora", weight: "heavy" }, 400, "weight"],
    [{ user: "dora", role: 7 }, 400, "role"],
    [{ user: "<img onerror>" }, 400, null],
    [{ user: "sk-12345678" }, 400, null],
    [{ user: 7 }, 400, "user"],
    [{ user: "dora", wieght: 2 }, 400, "wieght"],
    [{ user: "dora", limits: { tokenz: 5 } }, 400, "limits"],
    [{ user: "dora", limits: { tokens: "many" } }, 400, "limits"],
    [{ user: "dora", note: "x".repeat(300) }, 400, "note"],
    [{ user: "dora", expires: "soon" }, 400, "expires"],
    [{ user: "alice" }, 409, null],
  ])("refuse %j", async (fields, status, param) => {
    const before = usersFile();
    const { body } = await as("admin").post("/users").send(fields).expect(status);
    expect(body.error.param).toBe(param);
    expect(usersFile()).toEqual(before);
  });

  it("refuse a body that is no JSON object, and one that is too long", async () => {
    for (const text of ["[]", "{", '"x"', "null"]) {
      const sent = as("admin").post("/users").set("content-type", "application/json").send(text);
      expect((await sent.expect(400)).body.error.code).toBe("invalid_json");
    }
    const long = { user: "dora", note: "x".repeat(300_000) };
    await as("admin").post("/users").send(long).expect(413);
  });

  it("keep one administrator", async () => {
    for (const change of [{ role: "user" }, { disabled: true }]) {
      const { body } = await as("admin").patch("/users/admin").send(change).expect(409);
      expect(body.error.message).toMatch(/last key of an administrator/);
    }
    await as("admin").delete("/users/admin").expect(409);
    await as("admin").get("/me").expect(200);
  });

  it("are changed on what a person wrote into the file meanwhile, also unknown fields", async () => {
    const edited = { ...usersFile(), [`sk-${"9".repeat(32)}`]: { user: "eve", later: [1] } };
    writeFileSync(gateway.usersFile, JSON.stringify(edited, null, 4));
    await as("admin").post("/users").send({ user: "dora" }).expect(201);
    expect(Object.values(usersFile())).toContainEqual({ user: "eve", later: [1] });
    writeFileSync(gateway.usersFile, '{"half": ');
    const { body, headers } = await as("admin").post("/users").send({ user: "finn" }).expect(503);
    expect(body.error.code).toBe("users_file_unusable");
    expect(headers["retry-after"]).toBe("5");
    expect(readFileSync(gateway.usersFile, "utf8")).toBe('{"half": ');
  });

  it("cannot be changed while API_KEY is the only key, which a file would replace", async () => {
    const key = `sk-${"a".repeat(32)}`;
    await using other = await startTestGateway(politeChat, {
      ...{ API_KEY: key, USERS_FILE: join(gateway.dir, "none.json") },
    });
    const routes = ownRoutes(other.url, key);
    const { body } = await routes.post("/users").send({ user: "dora" }).expect(409);
    expect(body.error.message).toContain("users add");
    await routes.get("/me").expect(200);
  });
});

describe("an invite", () => {
  const invite = async (fields: object) => {
    const { body } = await as("admin").post("/invites").send(fields).expect(201);
    return { ...body, secret: String(body.url).split("#invite=")[1] ?? "" };
  };
  const redeem = (secret: string) => nobody().post("/invites/redeem").send({ secret });

  it("makes a user with the rights that it says, and shows their key once", async () => {
    const made = await invite({ user: "erin", models: ["mock"], weight: 2, note: "flat 3" });
    expect(made.url).toBe(`${gateway.url}/#invite=${made.secret}`);
    expect(Date.parse(made.expires) - Date.now()).toBeGreaterThan(6.9 * 86_400_000);
    const stored = readFileSync(join(gateway.dir, "invites.json"), "utf8");
    expect(stored).not.toContain(made.secret);
    const { data } = (await as("admin").get("/invites").expect(200)).body;
    expect(data).toMatchObject([{ id: made.id, user: "erin", weight: 2 }]);
    expect(JSON.stringify(data)).not.toContain(made.secret);
    const { body } = await redeem(made.secret).expect(200);
    expect(body).toMatchObject({ user: "erin", hint: body.key.slice(0, 7) });
    expect((await withKey(body.key).get("/me")).body).toMatchObject({ user: "erin", role: "user" });
    expect((await as("admin").get("/invites")).body.data).toEqual([]);
    const again = await redeem(made.secret).expect(404);
    expect(again.body.error.code).toBe("invalid_invite");
  });

  it("that is used twice at once makes one user with one key", async () => {
    const { secret } = await invite({ user: "erin" });
    const answers = await Promise.all(Array.from({ length: 6 }, () => redeem(secret)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    const entries = Object.values(usersFile()).filter((one) =>
      JSON.stringify(one).includes("erin"),
    );
    expect(entries).toHaveLength(1);
  });

  it("is used from outside too, and never makes an administrator of a user", async () => {
    const { secret } = await invite({ user: "erin" });
    const answer = await redeem(secret).set("cf-ray", "1").expect(200);
    expect((await withKey(answer.body.key).get("/me")).body.role).toBe("user");
    await as("alice").post("/invites").send({ user: "mallory", role: "admin" }).expect(403);
  });

  it("that has expired or was taken back makes nobody", async () => {
    const gone = await invite({ user: "gone" });
    await as("admin").delete(`/invites/${gone.id}`).expect(200);
    await as("admin").delete(`/invites/${gone.id}`).expect(404);
    await redeem(gone.secret).expect(404);
    const old = await invite({ user: "late" });
    const file = join(gateway.dir, "invites.json");
    const past = JSON.parse(readFileSync(file, "utf8"));
    for (const one of Object.values(past)) {
      Object.assign(one as object, { invite_expires: new Date(Date.now() - 1).toISOString() });
    }
    writeFileSync(file, JSON.stringify(past));
    const { body } = await redeem(old.secret).expect(410);
    expect(body.error.code).toBe("invite_expired");
    expect((await as("admin").get("/invites")).body.data).toEqual([]);
  });

  it("for a name that is taken, or taken meanwhile, is refused", async () => {
    await as("admin").post("/invites").send({ user: "alice" }).expect(409);
    const { secret } = await invite({ user: "erin" });
    await as("admin").post("/users").send({ user: "erin" }).expect(201);
    await redeem(secret).expect(409);
  });

  it("for the tunnel needs its address", async () => {
    const { body } = await as("admin").post("/invites").send({ user: "e", base: "tunnel" });
    expect(body.error.message).toContain("PUBLIC_URL");
    await using other = await startTestGateway(politeChat, {
      ...{ PUBLIC_URL: "https://llm.example.com/", USERS_FILE: gateway.usersFile },
    });
    const made = await ownRoutes(other.url, gateway.keys.admin)
      .post("/invites")
      .send({ user: "e", base: "tunnel" })
      .expect(201);
    expect(made.body.url).toMatch(/^https:\/\/llm\.example\.com\/#invite=/);
  });

  it.each([
    { user: "e", expires_in: "400d" },
    { user: "e", expires_in: "soon" },
    { user: "e", base: "moon" },
    { user: "e", role: 7 },
    { user: "e", limits: { tokens: -1 } },
    { weight: 1 },
  ])("is refused as %j", async (fields) => {
    await as("admin").post("/invites").send(fields).expect(400);
    expect((await as("admin").get("/invites")).body.data).toEqual([]);
  });

  it("cannot be guessed: wrong secrets count like wrong keys, and a right one still works", async () => {
    const { secret } = await invite({ user: "erin" });
    const answers: number[] = [];
    for (let guess = 0; guess < 22; guess += 1) answers.push((await redeem(`x${guess}`)).status);
    expect(answers.slice(0, 20)).toEqual(Array(20).fill(404));
    expect(answers.slice(20)).toEqual([429, 429]);
    await withKey("sk-wrong-key-of-the-same-address").get("/me").expect(429);
    await redeem(secret).expect(200);
  });
});
