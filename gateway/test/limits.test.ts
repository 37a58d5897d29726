import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { startGateway } from "../serve.ts";
import { loadSettings } from "../settings/load-settings.ts";
import { chat, newTestKey, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { holding, inLine } from "./support/holding.ts";
import { chatChunk, type Handler, politeChat } from "./support/mock-upstream.ts";

const on = { ENABLE_RATE_LIMITING: "true" };
const running: TestGateway[] = [];
afterEach(async () => {
  for (const gateway of running.splice(0)) await gateway.stop();
});

async function start(env: Record<string, string>, handler: Handler = politeChat) {
  const gateway = await startTestGateway(handler, env);
  running.push(gateway);
  return gateway;
}

const errorOf = async (answer: Response) =>
  ((await answer.json()) as { error: { message: string; code: string; type: string } }).error;
const header = (answer: Response, name: string) => answer.headers.get(name);
const ask = (gateway: TestGateway, fields = {}, user = "alice") =>
  gateway.post("/v1/chat/completions", chat(fields), { user });

describe("limits of a user", () => {
  it("are off unless they are switched on", async () => {
    const gateway = await start({ MAX_TOKENS: "1" });
    const answer = await ask(gateway);
    expect(answer.status).toBe(200);
    expect([...answer.headers.keys()].filter((name) => name.startsWith("x-ratelimit"))).toEqual([]);
  });

  it("stand in OpenAI's headers of every answer, and end in its 429", async () => {
    const gateway = await start({ ...on, MAX_REQUESTS: "2", MAX_TOKENS: "1000" });
    const answer = await ask(gateway, { max_tokens: 10 });
    expect(header(answer, "x-ratelimit-limit-requests")).toBe("2");
    expect(header(answer, "x-ratelimit-remaining-requests")).toBe("1");
    expect(header(answer, "x-ratelimit-reset-requests")).toBe("1h0m0s");
    expect(header(answer, "x-ratelimit-limit-tokens")).toBe("1000");
    const streamed = await ask(gateway, { max_tokens: 10, stream: true });
    await streamed.text();
    expect(header(streamed, "x-ratelimit-remaining-requests")).toBe("0");
    const refused = await ask(gateway);
    expect(refused.status).toBe(429);
    expect(refused.headers.has("retry-after")).toBe(false);
    expect(header(refused, "x-ratelimit-reset-requests")).toMatch(/^(1h0m0s|59m\d+s)$/);
    expect(header(refused, "x-should-retry")).toBe("false");
    expect(header(refused, "x-ratelimit-remaining-requests")).toBe("0");
    const error = await errorOf(refused);
    expect(error).toMatchObject({ code: "rate_limit_exceeded", type: "rate_limit_error" });
    expect(error.message).toMatch(/2 requests in 1 hour.*Try again in (60 minutes|1 hour)/);
    // What was refused has no row, and is nobody else's business.
    expect(gateway.rows()).toHaveLength(2);
    expect((await ask(gateway, {}, "bob")).status).toBe(200);
  });

  it("are not shut for good by a request for more tokens than a double can hold", async () => {
    const gateway = await start({ ...on, MAX_TOKENS: "1000", MAX_CONCURRENT: "2" });
    const absurd = await ask(gateway, { max_tokens: 1e308, n: 2 });
    await absurd.text();
    const usual = await ask(gateway, { max_tokens: 10 });
    expect(usual.status).toBe(200);
    expect(header(usual, "x-ratelimit-remaining-tokens")).toMatch(/^\d+$/);
  });

  it("are told in Anthropic's words on Messages", async () => {
    const gateway = await start({ ...on, MAX_REQUESTS: "1", MAX_TOKENS: "off" });
    const body = { model: "mock", max_tokens: 5, messages: [{ role: "user", content: "hi" }] };
    const first = await gateway.post("/v1/messages", body);
    expect(header(first, "anthropic-ratelimit-requests-remaining")).toBe("0");
    expect(header(first, "anthropic-ratelimit-requests-reset")).toMatch(/^\d{4}-.*:\d\dZ$/);
    const refused = await gateway.post("/v1/messages", body);
    expect(refused.status).toBe(429);
    expect(await refused.json()).toMatchObject({
      type: "error",
      error: { type: "rate_limit_error" },
    });
  });

  it("settle with the upstream's true numbers", async () => {
    const gateway = await start({ ...on, MAX_TOKENS: "1000" });
    await (await ask(gateway, { max_tokens: 900 })).text();
    const answer = await fetch(`${gateway.url}/limits`, {
      headers: { authorization: `Bearer ${gateway.keys.alice}` },
    });
    expect(await answer.json()).toMatchObject({
      object: "limits",
      user: "alice",
      limits: [
        {
          metric: "tokens",
          window_seconds: 3600,
          limit: 1000,
          used: 5,
          reserved: 0,
          remaining: 995,
        },
      ],
    });
  });

  it("are the gateway's own, whatever the upstream says of its limits", async () => {
    const gateway = await start({ ...on, MAX_REQUESTS: "7" }, (seen, response, request) => {
      response.setHeader("x-ratelimit-limit-requests", "999");
      response.setHeader("x-ratelimit-limit-other", "999");
      return politeChat(seen, response, request);
    });
    const answer = await ask(gateway, { max_tokens: 5 });
    expect(header(answer, "x-ratelimit-limit-requests")).toBe("7");
    expect(header(answer, "x-ratelimit-limit-other")).toBeNull();
  });

  it("fifty at once do not overrun", async () => {
    const gateway = await start({ ...on, MAX_TOKENS: "1000", MAX_CONCURRENT: "50" });
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => ask(gateway, { max_tokens: 198 })),
    );
    const statuses = answers.map(({ status }) => status);
    const accepted = statuses.filter((status) => status === 200).length;
    expect(statuses.filter((status) => status !== 200 && status !== 429)).toEqual([]);
    expect(accepted).toBeGreaterThanOrEqual(5);
    expect(gateway.upstream.seen).toHaveLength(accepted);
    const used = gateway
      .rows()
      .reduce((sum, row) => sum + row.input_tokens! + row.output_tokens!, 0);
    expect(used).toBeLessThanOrEqual(1000);
  });

  it("charge a cancelled stream for what was generated", async () => {
    const gateway = await start({ ...on, MAX_TOKENS: "100000" }, (_seen, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (let i = 0; i < 7; i++) response.write(chatChunk("word "));
    });
    const leaving = new AbortController();
    const body = chat({ stream: true, max_tokens: 500 });
    const answer = await gateway.post("/v1/chat/completions", body, { signal: leaving.signal });
    const reader = answer.body!.getReader();
    let text = "";
    while (text.split("word").length < 8)
      text += new TextDecoder().decode((await reader.read()).value);
    leaving.abort();
    await until(() => gateway.rows()[0]?.state === "cancelled", "the row is closed");
    const shown = await fetch(`${gateway.url}/limits`, {
      headers: { authorization: `Bearer ${gateway.keys.alice}` },
    });
    const { limits } = (await shown.json()) as { limits: { used: number; reserved: number }[] };
    expect(gateway.rows()[0]?.output_tokens).toBe(7);
    // The prompt was read, though nobody said how long it was: "hello" is 2 by the estimate.
    expect(limits[0]).toMatchObject({ used: 9, reserved: 0 });
  });

  it("count both keys of one user, and what users.json says of them counts at once", async () => {
    const gateway = await start({});
    const second = newTestKey();
    const limits = { requests: 2, window: "1h" };
    const users = {
      [gateway.keys.alice!]: { user: "alice", limits },
      [second]: { user: "alice", limits },
    };
    writeFileSync(gateway.usersFile, JSON.stringify(users));
    const other = { headers: { authorization: `Bearer ${second}` } };
    expect((await ask(gateway)).status).toBe(200);
    expect((await gateway.post("/v1/chat/completions", chat(), other)).status).toBe(200);
    expect((await ask(gateway)).status).toBe(429);
    expect((await gateway.post("/v1/chat/completions", chat(), other)).status).toBe(429);
    writeFileSync(gateway.usersFile, JSON.stringify({ [gateway.keys.alice!]: "alice" }));
    expect((await ask(gateway)).status).toBe(200);
  });

  it("that are edited under load hold from the next request on", async () => {
    const gateway = await start({ MAX_CONCURRENT: "20" });
    const key = gateway.keys.alice!;
    const write = (limits: object | null) => {
      const entry = limits === null ? "alice" : { user: "alice", limits };
      writeFileSync(
        `${gateway.usersFile}.new`,
        JSON.stringify({ [key]: entry, [gateway.keys.bob!]: "bob" }),
      );
      renameSync(`${gateway.usersFile}.new`, gateway.usersFile);
    };
    let stop = false;
    const wrong: string[] = [];
    const load = async () => {
      while (!stop) {
        const { status } = await ask(gateway, {}, "bob");
        if (status !== 200) wrong.push(`bob: ${status}`);
      }
    };
    const loads = [load(), load(), load()];
    for (let edit = 0; edit < 20; edit++) {
      write({ requests: 0 });
      const shut = (await ask(gateway)).status;
      write(null);
      const open = (await ask(gateway)).status;
      if (shut !== 429 || open !== 200) wrong.push(`alice, edit ${edit}: ${shut}, ${open}`);
    }
    stop = true;
    await Promise.all(loads);
    expect(wrong).toEqual([]);
  });

  it("outlive a restart", async () => {
    const gateway = await start({ ...on, MAX_TOKENS: "10", MAX_REQUESTS: "off" });
    await (await ask(gateway, { max_tokens: 2 })).text();
    await (await ask(gateway, { max_tokens: 2 })).text();
    expect((await ask(gateway, { max_tokens: 2 })).status).toBe(429);
    await gateway.gateway.stop();
    const { settings } = loadSettings({
      argv: [],
      cwd: gateway.dir,
      env: {
        ...on,
        HOST: "127.0.0.1",
        PORT: "0",
        MAX_TOKENS: "10",
        UPSTREAM_URL: gateway.upstream.url,
        USERS_FILE: gateway.usersFile,
        DATABASE_FILE: join(gateway.dir, "gateway.db"),
        LOG_LEVEL: "silent",
      },
    });
    const again = await startGateway(settings, { version: "0.0.0-test", logForm: "json" });
    try {
      const answer = await fetch(`http://127.0.0.1:${again.port}/v1/chat/completions`, {
        method: "POST",
        headers: { authorization: `Bearer ${gateway.keys.alice}` },
        body: JSON.stringify(chat({ max_tokens: 2 })),
      });
      expect(answer.status).toBe(429);
      expect(header(answer, "x-ratelimit-remaining-tokens")).toBe("0");
    } finally {
      await again.stop();
    }
  });

  it("that only slow put a request behind those inside theirs", async () => {
    const upstream = holding();
    const gateway = await start(
      { ...on, MAX_REQUESTS: "1", MAX_TOKENS: "off", RATE_LIMIT_MODE: "slow" },
      upstream.handler,
    );
    const order: string[] = [];
    const tell = (name: string) => async (answer: Response) => {
      expect(answer.status).toBe(200);
      await answer.text();
      order.push(name);
    };
    const all = [ask(gateway, {}, "carol").then(tell("carol"))];
    await inLine(gateway, { active: 1, waiting: 0 });
    all.push(ask(gateway, {}, "alice").then(tell("alice, inside")));
    await inLine(gateway, { waiting: 1 });
    all.push(ask(gateway, {}, "alice").then(tell("alice, over")));
    await inLine(gateway, { waiting: 2 });
    all.push(ask(gateway, {}, "bob").then(tell("bob")));
    await inLine(gateway, { waiting: 3 });
    for (let i = 0; i < 4; i++) {
      await upstream.release(i);
      await until(() => order.length === i + 1, "it ended");
    }
    await Promise.all(all);
    expect(order).toEqual(["carol", "alice, inside", "bob", "alice, over"]);
  });

  it("come from a section of config.yaml too, for everybody and by role", async () => {
    const gateway = await start({
      LIMITS: JSON.stringify({ defaults: { requests: 1 }, roles: { admin: { requests: null } } }),
    });
    const users = JSON.parse(readFileSync(gateway.usersFile, "utf8"));
    users[gateway.keys.bob!] = { user: "bob", role: "admin" };
    writeFileSync(gateway.usersFile, JSON.stringify(users));
    expect((await ask(gateway)).status).toBe(200);
    expect((await ask(gateway)).status).toBe(429);
    expect((await ask(gateway, {}, "bob")).status).toBe(200);
    expect((await ask(gateway, {}, "bob")).status).toBe(200);
    writeFileSync(join(gateway.dir, "config.yaml"), "limits:\n  roles:\n    user: {tokens: 7}\n");
    const { settings } = loadSettings({ argv: [], cwd: gateway.dir, env: {} });
    expect(settings.limits.defaults.fields).toEqual({});
    expect(settings.limits.roles.user?.fields).toEqual({
      tokens: { max: 7, windowMs: null, mode: null },
    });
  });
});

describe("GET /limits", () => {
  it("shows an administrator on the LAN the limits of any user, and other users only their own", async () => {
    const gateway = await start({ ...on });
    const users = JSON.parse(readFileSync(gateway.usersFile, "utf8"));
    users[gateway.keys.bob!] = { user: "bob", role: "admin" };
    writeFileSync(gateway.usersFile, JSON.stringify(users));
    const look = (user: string, query: string, headers = {}) =>
      fetch(`${gateway.url}/limits${query}`, {
        headers: { authorization: `Bearer ${gateway.keys[user]}`, ...headers },
      });
    expect((await look("bob", "?user=alice")).status).toBe(200);
    expect((await look("bob", "?user=nobody")).status).toBe(404);
    expect((await look("bob", "?user=alice", { "cf-ray": "1-TXL" })).status).toBe(403);
    expect((await look("alice", "?user=bob")).status).toBe(403);
    expect((await look("alice", "")).status).toBe(200);
    expect((await fetch(`${gateway.url}/limits`)).status).toBe(401);
  });
});

describe("a key", () => {
  it("that expires in mid-stream lets the stream end as it would", async () => {
    let goOn = (): void => {};
    const gateway = await start({}, (_seen, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(chatChunk("one"));
      goOn = () => response.end(`${chatChunk("two")}data: [DONE]\n\n`);
    });
    const answer = await ask(gateway, { stream: true });
    const reader = answer.body!.getReader();
    let text = new TextDecoder().decode((await reader.read()).value);
    const expired = { user: "alice", expires: new Date(Date.now() - 1).toISOString() };
    writeFileSync(gateway.usersFile, JSON.stringify({ [gateway.keys.alice!]: expired }));
    expect((await ask(gateway)).status).toBe(401);
    goOn();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      text += new TextDecoder().decode(part.value);
    }
    expect(text).toContain("two");
    expect(text.endsWith("data: [DONE]\n\n")).toBe(true);
    expect(gateway.rows()[0]?.state).toBe("done");
  });

  it("stays right while users.json is written over in place, again and again", async () => {
    const gateway = await start({ MAX_CONCURRENT: "20" });
    const { alice, bob } = gateway.keys;
    const wrong: string[] = [];
    let stop = false;
    const load = async (user: string) => {
      while (!stop) {
        const { status } = await ask(gateway, {}, user);
        if (status !== 200) wrong.push(`${user}: ${status}`);
      }
    };
    const loads = [load("alice"), load("bob"), load("alice"), load("bob")];
    // Not renamed into place: for a moment the file is empty, then half of it is there.
    const more = Object.fromEntries(
      Array.from({ length: 2_000 }, (_, index) => [newTestKey(), `user-${index}`]),
    );
    for (let edit = 0; edit < 15; edit++) {
      const text = JSON.stringify({ ...more, [alice!]: "alice", [bob!]: "bob" });
      const half = text.length >> 1;
      writeFileSync(gateway.usersFile, text.slice(0, half));
      await new Promise((resolve) => setTimeout(resolve, 10));
      writeFileSync(gateway.usersFile, text.slice(half), { flag: "a" });
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    stop = true;
    await Promise.all(loads);
    expect(wrong).toEqual([]);
  });

  it("is right or wrong as users.json says at that moment, edited under load", async () => {
    const gateway = await start({ MAX_CONCURRENT: "20" });
    const { alice, bob, carol } = gateway.keys;
    const wrong: string[] = [];
    let stop = false;
    const load = async (user: string) => {
      while (!stop) {
        const { status } = await ask(gateway, {}, user);
        if (status !== 200) wrong.push(`${user}: ${status}`);
      }
    };
    const loads = [load("alice"), load("bob"), load("alice")];
    for (let edit = 0; edit < 40; edit++) {
      const hasCarol = edit % 2 === 0;
      const users = {
        [alice!]: "alice",
        [bob!]: "bob",
        ...(hasCarol ? { [carol!]: "carol" } : {}),
      };
      writeFileSync(`${gateway.usersFile}.new`, JSON.stringify(users));
      renameSync(`${gateway.usersFile}.new`, gateway.usersFile);
      const { status } = await ask(gateway, {}, "carol");
      // After many wrong keys from one address the answer is 429; a right one always passes.
      const isRight = hasCarol ? status === 200 : status === 401 || status === 429;
      if (!isRight) wrong.push(`carol, edit ${edit}: ${status}`);
    }
    stop = true;
    await Promise.all(loads);
    expect(wrong).toEqual([]);
  });
});
