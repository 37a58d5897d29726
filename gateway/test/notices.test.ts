import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { type Handler, politeChat, startMockUpstream } from "./support/mock-upstream.ts";
import { type NoticeReceiver, startNoticeReceiver } from "./support/notice-receiver.ts";

let receiver: NoticeReceiver;
beforeEach(async () => {
  receiver = await startNoticeReceiver();
});
afterEach(() => receiver.close());

const start = (env: Record<string, string> = {}, handler: Handler = politeChat) =>
  startTestGateway(handler, { NOTIFY_URL: `${receiver.url}/box`, ...env });

/** Gives alice an address of her own. */
function giveAlice(gateway: TestGateway, more: object = {}): void {
  const users = JSON.parse(readFileSync(gateway.usersFile, "utf8")) as Record<string, unknown>;
  const key = gateway.keys.alice ?? "";
  users[key] = { user: "alice", notify: `${receiver.url}/alice`, ...more };
  writeFileSync(gateway.usersFile, JSON.stringify(users));
}

const got = (event: string) => receiver.got.filter(({ body }) => body.event === event);
const arrived = (event: string) => until(() => got(event).length > 0, `a notice ${event}`);

describe("those who run the gateway are told", () => {
  it("of a users.json that is broken", async () => {
    // The first of several processes reads users.json for its own requests alone.
    await using gateway = await start({ WORKERS: "1" });
    writeFileSync(gateway.usersFile, "{");
    await gateway.post("/v1/chat/completions", chat());
    await arrived("users_file_invalid");
    expect(got("users_file_invalid")[0]).toMatchObject({
      path: "/box",
      body: { ok: false, text: expect.stringContaining("The last valid version stays in use.") },
    });
  });

  it("of an upstream that is down", async () => {
    const upstream = await startMockUpstream(politeChat);
    await using gateway = await start({ UPSTREAM_URL: upstream.url });
    await upstream.close();
    for (let i = 0; i < 3; i++) await (await gateway.post("/v1/chat/completions", chat())).text();
    await arrived("upstream_down");
    expect(JSON.stringify(got("upstream_down")[0]?.body)).toContain(upstream.url);
  });

  it("of a request that waits long, and that the queue moves again", async () => {
    const answers: (() => void)[] = [];
    const holding: Handler = (seen, response, request) => {
      answers.push(() => void politeChat(seen, response, request));
    };
    await using gateway = await start({ NOTIFY_AFTER: "200ms" }, holding);
    const both = [chat(), chat()].map((body) => gateway.post("/v1/chat/completions", body));
    await arrived("queue_long");
    expect(got("queue_long")[0]?.body).toMatchObject({ waiting: 1, ok: false });
    for (let at = 0; at < both.length; at++) {
      await until(() => answers.length > at, "one runs");
      answers[at]?.();
    }
    for (const answer of both) await (await answer).text();
  });
});

describe("a user with an address is told", () => {
  it("of a limit that refuses them, once, and nobody else is", async () => {
    const limits = { ENABLE_RATE_LIMITING: "true", MAX_REQUESTS: "1" };
    await using gateway = await start(limits);
    giveAlice(gateway);
    for (let i = 0; i < 4; i++) {
      for (const user of ["alice", "bob"]) {
        await (await gateway.post("/v1/chat/completions", chat(), { user })).text();
      }
    }
    await arrived("limit_reached");
    await gateway.stop();
    expect(receiver.got.map(({ path, body }) => [path, body.event, body.user])).toEqual([
      ["/alice", "limit_reached", "alice"],
    ]);
  });

  it("that a request they asked it for is done, without a word of it", async () => {
    await using gateway = await start({ NOTIFY_AFTER: "1ms" });
    giveAlice(gateway);
    const headers = { "x-notify": "done", "x-request-id": "mine" };
    const messages = [{ role: "user", content: "platypus" }];
    const body = chat({ messages, model: "tiny" });
    const response = await gateway.post("/v1/chat/completions", body, { headers });
    await response.text();
    await (await gateway.post("/v1/chat/completions", chat())).text();
    await arrived("request_done");
    await gateway.stop();
    expect(receiver.got).toHaveLength(1);
    expect(receiver.got[0]).toMatchObject({
      path: "/alice",
      body: { title: "Your request for tiny is done", request_id: "mine", state: "done" },
    });
    expect(receiver.got[0]?.text).not.toContain("platypus");
    // The upstream has nothing to do with it.
    expect(gateway.upstream.seen[0]?.headers["x-notify"]).toBeUndefined();
  });

  it("not of a request that took less than NOTIFY_AFTER, nor of one that they left", async () => {
    const silent: Handler = () => {};
    await using gateway = await start({ NOTIFY_AFTER: "1ms" }, silent);
    giveAlice(gateway);
    const headers = { "x-notify": "done" };
    const leaving = new AbortController();
    const left = gateway
      .post("/v1/chat/completions", chat(), { headers, signal: leaving.signal })
      .catch(() => {});
    await until(() => gateway.upstream.seen.length === 1, "it runs");
    leaving.abort();
    await left;
    await until(() => gateway.rows()[0]?.state === "cancelled", "its row is closed");
    await gateway.stop();

    await using short = await start({ NOTIFY_AFTER: "1h" });
    giveAlice(short);
    await (await short.post("/v1/chat/completions", chat(), { headers })).text();
    await short.stop();
    expect(receiver.got).toEqual([]);
  });
});

describe("the people behind a key", () => {
  it("have no address but their own: the key's owner is not told of them", async () => {
    await using gateway = await start({ NOTIFY_AFTER: "1ms" });
    giveAlice(gateway, { speaks_for: "open-webui" });
    const asHeard = (name: string) =>
      gateway.post("/v1/chat/completions", chat(), {
        headers: { "x-notify": "done", "x-openwebui-user-email": name },
      });
    const eva = await asHeard("eva@home");
    expect(eva.status).toBe(400);
    expect(await eva.text()).toContain("no address for you");
    const own = await asHeard("alice");
    expect(own.status).toBe(200);
    await own.text();
    await arrived("request_done");
    expect(receiver.got).toHaveLength(1);
  });
});

describe("a wish that cannot be fulfilled", () => {
  it.each([
    ["done", "bob", /no address for you.*users set NAME --notify/],
    ["later", "alice", /must be done/],
  ])("X-Notify: %s of %s is a 400 before anything waits", async (wish, user, message) => {
    await using gateway = await start();
    giveAlice(gateway);
    const headers = { "x-notify": wish };
    const response = await gateway.post("/v1/chat/completions", chat(), { user, headers });
    expect(response.status).toBe(400);
    const { error } = (await response.json()) as { error: { message: string; param: string } };
    expect(error.message).toMatch(message);
    expect(error.param).toBe("X-Notify");
    expect(gateway.rows()).toEqual([]);
  });
});

describe("an address", () => {
  it("is set by an administrator alone, and is shown to nobody", async () => {
    await using gateway = await start();
    const ask = (user: string, path: string, method: string, body?: object) =>
      fetch(gateway.url + path, {
        method,
        headers: {
          authorization: `Bearer ${gateway.keys[user]}`,
          "content-type": "application/json",
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    const address = "https://ntfy.sh/her-secret-topic";
    const own = await ask("bob", "/users/bob", "PATCH", { notify: address });
    expect(own.status).toBe(403);
    const wrong = await ask("admin", "/users/bob", "PATCH", { notify: "bob@example.com" });
    expect(wrong.status).toBe(400);
    expect(await wrong.text()).toContain('\\"notify\\" must be an http');
    const set = await ask("admin", "/users/bob", "PATCH", { notify: address });
    expect(await set.json()).toMatchObject({
      notify: expect.stringMatching(/^ntfy at ntfy\.sh \([0-9a-f]{6}\)$/),
    });
    const other = await ask("admin", "/users/bob", "PATCH", { notify: `${address}-2` });
    await other.text();
    // Another topic of the same service is a change too.
    const changes = async () => await (await ask("admin", "/changes", "GET")).text();
    await until(async () => (await changes()).split("ntfy at ntfy.sh").length > 3, "both changes");
    expect(await changes()).not.toContain("her-secret-topic");
    const list = await (await ask("admin", "/users", "GET")).text();
    expect(list).not.toContain("her-secret-topic");
    expect(readFileSync(join(gateway.dir, "users.json"), "utf8")).toContain(address);
    const settings = await (await ask("admin", "/settings", "GET")).text();
    expect(settings).toContain("NOTIFY_URL");
    expect(settings).not.toContain("/box");
  });
});
