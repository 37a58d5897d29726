import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { describe, expect, onTestFinished, test } from "vitest";
import { ledger as ledgerCommand } from "../cli/ledger.ts";
import { users as usersCommand } from "../cli/users.ts";
import { openLedger } from "../ledger/ledger.ts";
import { type ChangeLogOptions, openChangeLog } from "../ledger/upkeep/change-log.ts";
import { type AdminChange, changesPage, writeChanges } from "../ledger/upkeep/changes.ts";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { holding, inLine } from "./support/holding.ts";
import { politeChat } from "./support/mock-upstream.ts";
import { runCommand } from "./support/run-command.ts";
import { newDirectory, remove, spawnGateway } from "./support/spawned-gateway.ts";
import { connect, temporaryFile } from "./support/test-ledger.ts";
import { noPostgres, postgresOfFile } from "./support/test-postgres.ts";

type Line = { who: string; action: string; subject: string; before: unknown; after: unknown };

async function call(
  gateway: TestGateway,
  method: string,
  path: string,
  body?: object,
  user = "admin",
): Promise<{ status: number; answer: Record<string, unknown> }> {
  const response = await fetch(gateway.url + path, {
    method,
    headers: { authorization: `Bearer ${gateway.keys[user]}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, answer: (await response.json()) as Record<string, unknown> };
}

/** The changes, the oldest first. */
async function changesOf(gateway: TestGateway): Promise<Line[]> {
  const { answer } = await call(gateway, "GET", "/changes?limit=200");
  return (answer.data as Line[]).toReversed();
}

test("whatever an administrator changes of the users is listed: who, what, before, after, no key", async () => {
  await using gateway = await startTestGateway(politeChat);
  const { answer: erin } = await call(gateway, "POST", "/users", { user: "erin", weight: 2 });
  await call(gateway, "PATCH", "/users/erin", { weight: 3, models: ["qwen*"] });
  const { answer: more } = await call(gateway, "POST", "/users/erin/keys", { note: "laptop" });
  const rotated = await call(gateway, "POST", `/users/erin/keys/${more.id}/rotate`, { grace: "0" });
  await call(gateway, "DELETE", `/users/erin/keys/${rotated.answer.id}`);
  await call(gateway, "DELETE", "/users/erin");
  const lines = await changesOf(gateway);
  expect(lines.map(({ who, action, subject }) => [who, action, subject])).toEqual([
    ["admin", "user.add", "erin"],
    ["admin", "user.change", "erin"],
    ["admin", "key.add", "erin"],
    ["admin", "key.rotate", "erin"],
    ["admin", "key.remove", "erin"],
    ["admin", "user.remove", "erin"],
  ]);
  expect(lines[0]).toMatchObject({ before: null, after: { user: "erin", weight: 2 } });
  // Only what differs.
  expect(lines[1]).toMatchObject({
    before: { weight: 2, models: null },
    after: { weight: 3, models: ["qwen*"] },
  });
  expect(Object.keys(lines[1]?.before as object).sort()).toEqual(["models", "weight"]);
  expect(lines[5]).toMatchObject({ before: { user: "erin", weight: 3 }, after: null });
  const text = JSON.stringify(lines);
  for (const key of [erin.key, more.key, rotated.answer.key, ...Object.values(gateway.keys)]) {
    expect(String(key)).toMatch(/^sk-/);
    expect(text).not.toContain(String(key).slice(3));
  }
});

test("invites and steering the queue are listed too, and a request that was removed for somebody", async () => {
  const upstream = holding();
  await using gateway = await startTestGateway(upstream.handler);
  onTestFinished(upstream.releaseAll);
  const made = await call(gateway, "POST", "/invites", { user: "erin" });
  await call(gateway, "DELETE", `/invites/${made.answer.id}`);
  const { answer } = await call(gateway, "POST", "/invites", { user: "frank" });
  const secret = String(answer.url).split("#invite=")[1];
  await fetch(`${gateway.url}/invites/redeem`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ secret }),
  });
  await call(gateway, "POST", "/queue/pause");
  await call(gateway, "POST", "/queue/resume");
  const left = gateway.post("/v1/chat/completions", chat()).then((response) => response.text());
  await inLine(gateway, { active: 1, waiting: 0 });
  const queue = await call(gateway, "GET", "/queue");
  const [{ id } = { id: "" }] = queue.answer.data as { id: string }[];
  await call(gateway, "DELETE", `/queue/${id}`);
  await left;
  const lines = await changesOf(gateway);
  expect(lines).toMatchObject([
    { who: "admin", action: "invite.make", subject: "erin", before: null },
    { who: "admin", action: "invite.withdraw", subject: "erin", after: null },
    { who: "admin", action: "invite.make", subject: "frank" },
    { who: "(invite)", action: "invite.redeem", subject: "frank", after: { user: "frank" } },
    { action: "queue.pause", before: { state: "open" }, after: { state: "paused" } },
    { action: "queue.resume", before: { state: "paused" }, after: { state: "open" } },
    { action: "queue.remove", subject: id, before: { user: "alice", state: "running" } },
  ]);
  expect(JSON.stringify(lines)).not.toContain(secret);
});

test("the address of a webhook is a secret, in the list of changes and in that of invites", async () => {
  await using gateway = await startTestGateway(politeChat);
  const notify = "https://hooks.slack.com/services/T000/B000/verysecretpath";
  expect((await call(gateway, "POST", "/invites", { user: "erin", notify })).status).toBe(201);
  expect((await call(gateway, "PATCH", "/users/bob", { notify })).status).toBe(200);
  const told = [await changesOf(gateway), (await call(gateway, "GET", "/invites")).answer];
  expect(JSON.stringify(told)).not.toContain("verysecretpath");
  // That it changed is told.
  expect(JSON.stringify(told[0])).toMatch(/"after":\{"notify":"[^"]*slack/);
});

test("what was refused is no change, and only an administrator sees the list", async () => {
  await using gateway = await startTestGateway(politeChat);
  expect((await call(gateway, "POST", "/users", { user: "alice" })).status).toBe(409);
  expect((await call(gateway, "PATCH", "/users/nobody", { weight: 1 })).status).toBe(404);
  expect((await call(gateway, "POST", "/queue/pause", {}, "alice")).status).toBe(403);
  expect(await changesOf(gateway)).toEqual([]);
  expect((await call(gateway, "GET", "/changes", undefined, "alice")).status).toBe(403);
  expect((await call(gateway, "GET", "/changes?limit=0")).status).toBe(400);
  expect((await call(gateway, "GET", "/changes?cursor=x")).status).toBe(400);
});

test("the list comes in pages, and the command line shows it too", async () => {
  await using gateway = await startTestGateway(politeChat);
  for (let n = 0; n < 5; n++) await call(gateway, "PATCH", "/users/bob", { weight: n + 2 });
  const first = await call(gateway, "GET", "/changes?limit=3");
  expect(first.answer.data).toHaveLength(3);
  const rest = await call(gateway, "GET", `/changes?cursor=${first.answer.next_cursor}`);
  expect(rest.answer.data).toHaveLength(2);
  expect(rest.answer.next_cursor).toBeNull();
  const surroundings = {
    ...{ cwd: gateway.dir, env: { DATABASE_FILE: join(gateway.dir, "gateway.db") } },
  };
  const { out, status } = await runCommand(
    ledgerCommand,
    ["changes", "--limit", "2"],
    surroundings,
  );
  expect(status).toBe(0);
  expect(out.split("\n")).toHaveLength(2);
  expect(out).toMatch(
    /^[-\d: ]{19} {2}admin {2}user\.change {2}bob {2}\{"weight":5\} -> \{"weight":6\}$/m,
  );
  const json = await runCommand(ledgerCommand, ["changes", "--json"], surroundings);
  expect(JSON.parse(json.out)).toMatchObject([{ after: { weight: 6 } }, {}, {}, {}, {}]);
});

test("a start with other settings is listed with what is different, and never with a secret", async () => {
  const file = temporaryFile();
  const env = { DATABASE_FILE: file, UPSTREAM_API_KEY: "first-secret-value" };
  await (await startTestGateway(politeChat, env)).stop();
  await (await startTestGateway(politeChat, { ...env, MAX_QUEUE: "7" })).stop();
  await (await startTestGateway(politeChat, { ...env, MAX_QUEUE: "7" })).stop();
  const db = connect(file);
  const { lines } = changesPage(db, { limit: 10, before: null });
  const ofQueue = lines.filter(({ after }) => "MAX_QUEUE" in (after as object));
  expect(ofQueue).toMatchObject([
    {
      who: "(start)",
      action: "settings.change",
      before: { MAX_QUEUE: null },
      after: { MAX_QUEUE: 7 },
    },
  ]);
  const all = db.prepare("SELECT value FROM noted").pluck().get();
  expect(JSON.stringify(lines) + all).not.toContain("first-secret-value");
});

test("what the command line changes of the users is listed with the account of the machine", async () => {
  await using gateway = await startTestGateway(politeChat);
  const env = { USERS_FILE: gateway.usersFile, DATABASE_FILE: join(gateway.dir, "gateway.db") };
  const surroundings = { cwd: gateway.dir, env: { ...env, SUDO_USER: "gerda" } };
  const run = async (...argv: string[]): Promise<string> => {
    const { status, out, said } = await runCommand(usersCommand, argv, surroundings);
    expect(status, said).toBe(0);
    return out + said;
  };
  const shown = await run("add", "erin");
  await run("set", "erin", "--weight", "3");
  await run("limits", "erin", "--tokens", "5000");
  await run("rotate", "erin", "--grace", "0");
  await run("add", "erin");
  await run("disable", "erin");
  await run("hash");
  await run("remove", "erin");
  const invite = await run("invite", "frank", "--url", "http://127.0.0.1:8000");
  const lines = await changesOf(gateway);
  expect(lines.map(({ action }) => action)).toEqual([
    ...["user.add", "user.change", "user.change", "key.rotate", "key.add", "user.change"],
    ...["user.remove", "invite.make"],
  ]);
  const secret = /#invite=(\S+)/.exec(invite)?.[1] ?? "missing";
  expect(JSON.stringify(lines)).not.toContain(secret);
  expect(lines[1]).toMatchObject({
    ...{ who: "(shell) gerda", subject: "erin", before: { weight: 1 }, after: { weight: 3 } },
  });
  const key = /sk-\S+/.exec(shown)?.[0] ?? "";
  expect(key.length).toBeGreaterThan(20);
  expect(JSON.stringify(lines)).not.toContain(key.slice(3));
});

test("a ledger that cannot be written keeps nobody from changing the users", async () => {
  await using gateway = await startTestGateway(politeChat);
  const broken = join(gateway.dir, "broken.db");
  writeFileSync(broken, "no database at all");
  const env = { USERS_FILE: gateway.usersFile, DATABASE_FILE: broken };
  const { status, said } = await runCommand(usersCommand, ["set", "bob", "--weight", "2"], {
    ...{ cwd: gateway.dir, env },
  });
  expect(status).toBe(0);
  expect(said).toMatch(/^WARNING: the list of changes does not have this one: .*not a database/m);
  expect(readFileSync(gateway.usersFile, "utf8")).toContain('"weight":2');
});

describe.skipIf(noPostgres !== null)("with the ledger in PostgreSQL", () => {
  const postgres = postgresOfFile();

  test("changes of the API, of settings and of the command line are listed in the same way", async () => {
    const url = await postgres.database();
    const env = { DATABASE_URL: url };
    await (await startTestGateway(politeChat, env)).stop();
    await using gateway = await startTestGateway(politeChat, { ...env, MAX_QUEUE: "7" });
    await call(gateway, "PATCH", "/users/bob", { weight: 3 });
    const surroundings = {
      ...{ cwd: gateway.dir, env: { ...env, USERS_FILE: gateway.usersFile, SUDO_USER: "gerda" } },
    };
    const set = await runCommand(usersCommand, ["set", "bob", "--weight", "4"], surroundings);
    expect(set).toMatchObject({ status: 0, said: "" });
    const ofSettings = { who: "(start)", action: "settings.change", subject: "" };
    const ofBob = { action: "user.change", subject: "bob" };
    const expected = [
      { ...ofSettings, after: { MAX_QUEUE: 7 } },
      { ...ofBob, who: "admin", before: { weight: 1 }, after: { weight: 3 } },
      { ...ofBob, who: "(shell) gerda", before: { weight: 3 }, after: { weight: 4 } },
    ];
    expect(await changesOf(gateway)).toMatchObject(expected);
    const first = await call(gateway, "GET", "/changes?limit=2");
    const rest = await call(gateway, "GET", `/changes?cursor=${first.answer.next_cursor}`);
    expect(rest.answer.data).toMatchObject(expected.slice(0, 1));
    const shown = await runCommand(ledgerCommand, ["changes", "--json"], surroundings);
    expect(JSON.parse(shown.out)).toMatchObject(expected.toReversed());
  });

  test("while the database is away a change is made, and its line comes later", async () => {
    const url = await postgres.database();
    await using gateway = await startTestGateway(politeChat, { DATABASE_URL: url });
    await postgres.halt();
    expect((await call(gateway, "PATCH", "/users/bob", { weight: 3 })).status).toBe(200);
    expect((await call(gateway, "GET", "/changes")).status).toBe(503);
    await postgres.start();
    await until(
      async () => (await call(gateway, "GET", "/changes")).status === 200,
      "it is there again",
      20_000,
    );
    await until(async () => (await changesOf(gateway)).length === 1, "its line", 20_000);
  });
});

test.runIf(noPostgres !== null)(`no change in PostgreSQL is tested: ${noPostgres}`, () => {});

/** A log of changes over a ledger that exists. */
async function changeLog(change: Partial<ChangeLogOptions> = {}) {
  const file = temporaryFile();
  const ledger = openLedger({ file });
  onTestFinished(() => ledger.shutdown());
  const logged: AdminChange[] = [];
  const told: string[] = [];
  const log = await openChangeLog({
    ...{ store: ledger.changes, settings: null, retryMs: 20 },
    onChange: (one) => logged.push(one),
    onTrouble: (trouble) => told.push(trouble),
    ...change,
  });
  onTestFinished(() => log[Symbol.asyncDispose]());
  const db = connect(file);
  const subjects = () =>
    changesPage(db, { limit: 5_000, before: null })
      .lines.map(({ subject }) => subject)
      .reverse();
  return { file, log, logged, told, subjects };
}

const change = (subject: string) => ({
  ...{ who: "admin", action: "user.change", subject, before: null, after: { weight: 1 } },
});

test("while the ledger is locked changes are in the log, and reach the ledger later, in order", async () => {
  const { file, log, logged, told, subjects } = await changeLog();
  const lock = new Database(file);
  lock.exec("BEGIN IMMEDIATE");
  const began = performance.now();
  for (const name of ["a", "b", "c"]) log.note(change(name));
  // The event loop waits for nothing.
  expect(performance.now() - began).toBeLessThan(1_000);
  expect(logged.map(({ subject }) => subject)).toEqual(["a", "b", "c"]);
  await until(() => told.length === 1, "told");
  expect(told[0]).toMatch(/^what administrators changed is only in the log: .*locked/);
  lock.close();
  await until(() => subjects().length === 3, "written");
  expect(subjects()).toEqual(["a", "b", "c"]);
});

test("a stop writes what waits", async () => {
  const { log, subjects } = await changeLog();
  for (let n = 0; n < 300; n++) log.note(change(String(n)));
  await log[Symbol.asyncDispose]();
  expect(subjects()).toHaveLength(300);
});

// A worker that keeps no process alive: the last write was lost, and the ledger was not closed.
test("a process that is told to stop writes the last change, closes the ledger and ends well", async () => {
  const dir = newDirectory();
  onTestFinished(() => remove(dir));
  const gateway = await spawnGateway(dir, { BACKUP_DAILY: "on", LEDGER_KEEP_DAYS: "30" });
  onTestFinished(() => void gateway.child.kill("SIGKILL"));
  const made = await fetch(`${gateway.url}/users`, {
    method: "POST",
    headers: { authorization: `Bearer ${gateway.key()}`, "content-type": "application/json" },
    body: '{"user":"erin"}',
  });
  gateway.child.kill("SIGTERM");
  expect(made.status).toBe(201);
  expect(await gateway.ended).toBe(0);
  expect(readdirSync(join(dir, "data")).filter((name) => /-wal$|^\.backup/.test(name))).toEqual([]);
  const { lines } = changesPage(connect(join(dir, "data/gateway.db")), { limit: 9, before: null });
  expect(lines).toMatchObject([{ action: "user.add", subject: "erin" }]);
});

test("the list is bounded, in lines and in the length of a line", async () => {
  const { file, subjects } = await changeLog();
  const db = connect(file);
  db.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50010)
    INSERT INTO changes SELECT i, 0, 'admin', 'user.change', 'old', NULL, NULL FROM n`);
  const long = { at: 0, ...change("x".repeat(5_000)), after: { note: "y".repeat(20_000) } };
  writeChanges(db, [long]);
  expect(db.prepare("SELECT count(*) FROM changes").pluck().get()).toBe(50_000);
  expect(subjects().at(-1)).toHaveLength(256);
  const [line] = changesPage(db, { limit: 1, before: null }).lines;
  expect(line?.after).toEqual({ too_long: 20_011 });
});
