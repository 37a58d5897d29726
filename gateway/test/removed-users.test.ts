import { readFileSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { users as usersCommand } from "../cli/users.ts";
import { chat, newTestKey, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { type Holding, holding, inLine } from "./support/holding.ts";
import { runCommand } from "./support/run-command.ts";

let gateway: TestGateway;
let upstream: Holding;
afterEach(async () => {
  upstream.releaseAll();
  await gateway.stop();
});

type Entries = Record<string, string | Record<string, unknown>>;

async function start(env: Record<string, string> = {}): Promise<void> {
  upstream = holding();
  gateway = await startTestGateway(upstream.handler, { MAX_CONCURRENT: "1", ...env });
}

function edit(change: (entries: Entries) => Entries): void {
  const entries = JSON.parse(readFileSync(gateway.usersFile, "utf8")) as Entries;
  writeFileSync(gateway.usersFile, JSON.stringify(change(entries)));
}

const without =
  (user: string) =>
  (entries: Entries): Entries =>
    Object.fromEntries(Object.entries(entries).filter(([, value]) => value !== user));

const ask = (user: string, fields: Record<string, unknown> = {}): Promise<Response> =>
  gateway.post("/v1/chat/completions", chat(fields), { user });

/** Alice runs; then bob waits, then carol. */
async function three(): Promise<Promise<Response>[]> {
  const running = ask("alice");
  await inLine(gateway, { active: 1 });
  const removed = ask("bob");
  await inLine(gateway, { waiting: 1 });
  const other = ask("carol");
  await inLine(gateway, { waiting: 2 });
  return [running, removed, other];
}

describe("a user who was removed or disabled", () => {
  it.each([
    ["removed", without("bob")],
    [
      "disabled",
      (entries: Entries) => ({ ...without("bob")(entries), [bobKey()]: off({ disabled: true }) }),
    ],
    [
      "expired",
      (entries: Entries) => ({
        ...without("bob")(entries),
        [bobKey()]: off({ expires: "2020-01-01" }),
      }),
    ],
  ])("leaves the queue within 5 s: %s", { timeout: 20_000 }, async (_, change) => {
    await start();
    const [running, waiting, other] = await three();
    edit(change);
    const began = performance.now();
    const answer = await waiting;
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(answer?.status).toBe(401);
    expect(await answer?.json()).toMatchObject({
      error: { code: "invalid_api_key", message: expect.stringContaining("removed or disabled") },
    });
    await inLine(gateway, { active: 1, waiting: 1 });
    upstream.releaseAll();
    expect((await running)?.status).toBe(200);
    expect((await other)?.status).toBe(200);
    const row = gateway.rows().find(({ user }) => user === "bob");
    expect(row).toMatchObject({ state: "cancelled", status: 401, error_code: "cancelled" });
  });

  it("is told so in a stream that has begun", { timeout: 20_000 }, async () => {
    await start();
    const running = ask("alice");
    await inLine(gateway, { active: 1 });
    const waiting = ask("bob", { stream: true });
    await inLine(gateway, { waiting: 1 });
    edit(without("bob"));
    const text = await (await waiting).text();
    expect(text).toContain("queue-position=1");
    expect(text).toContain("removed or disabled");
    upstream.releaseAll();
    expect((await running).status).toBe(200);
  });

  it("keeps what runs, which ends as ever", { timeout: 20_000 }, async () => {
    await start();
    const running = ask("bob");
    await inLine(gateway, { active: 1 });
    const waiting = ask("bob");
    await inLine(gateway, { waiting: 1 });
    edit(without("bob"));
    expect((await waiting).status).toBe(401);
    upstream.releaseAll();
    expect((await running).status).toBe(200);
  });

  it("leaves the queue also if a proxy named them", { timeout: 20_000 }, async () => {
    await start({ USER_HEADER: "x-user", TRUSTED_PROXIES: "127.0.0.1" });
    edit((entries) => ({ ...entries, [newTestKey()]: { user: "dora" } }));
    const named = (user: string): Promise<Response> =>
      fetch(`${gateway.url}/v1/chat/completions`, {
        method: "POST",
        headers: { "content-type": "application/json", "x-user": user },
        body: JSON.stringify(chat()),
      });
    const running = ask("alice");
    await inLine(gateway, { active: 1 });
    const waiting = [named("dora"), named("new")];
    await inLine(gateway, { waiting: 2 });
    edit((entries) => {
      const [key = ""] = Object.keys(entries).slice(-1);
      return { ...entries, [key]: { user: "dora", disabled: true } };
    });
    expect((await waiting[0])?.status).toBe(401);
    upstream.releaseAll();
    expect((await waiting[1])?.status).toBe(200);
    expect((await running).status).toBe(200);
  });
});

const bobKey = (): string => gateway.keys.bob ?? "";
const off = (fields: Record<string, unknown>) => ({ user: "bob", ...fields });

describe("users remove and users disable with --now", () => {
  it.each(["remove", "disable"])("%s stops what runs too", { timeout: 20_000 }, async (action) => {
    await start({ MAX_CONCURRENT: "2" });
    const answers = [ask("bob", { stream: true }), ask("alice")];
    await inLine(gateway, { active: 2 });
    const { usersFile } = gateway;
    const ran = await runCommand(usersCommand, [action, "bob", "--now", "--users-file", usersFile]);
    expect(ran).toMatchObject({ status: 0, out: expect.stringContaining("end within seconds") });
    await inLine(gateway, { active: 1 }, 5_000);
    expect((await answers[0])?.status).toBe(401);
    await until(
      () => gateway.rows().some(({ user, state }) => user === "bob" && state !== "open"),
      "closed",
    );
    expect(gateway.rows().find(({ user }) => user === "bob")).toMatchObject({ state: "cancelled" });
    upstream.releaseAll();
    expect((await answers[1])?.status).toBe(200);
  });

  it("a new key of the same user is not stopped by it", { timeout: 20_000 }, async () => {
    await start();
    const { usersFile } = gateway;
    const from = ["--users-file", usersFile];
    await runCommand(usersCommand, ["remove", "bob", "--now", ...from]);
    const added = await runCommand(usersCommand, ["add", "bob", ...from]);
    gateway.keys.bob = added.out;
    const running = ask("bob");
    await inLine(gateway, { active: 1 });
    await new Promise((resolve) => setTimeout(resolve, 3_500));
    await inLine(gateway, { active: 1 });
    upstream.releaseAll();
    expect((await running).status).toBe(200);
  });
});
