import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { chat, newTestKey } from "./support/harness.ts";
import { newDirectory, remove, type Spawned, spawnGateway } from "./support/spawned-gateway.ts";
import { postgresOfFile, withPostgres } from "./support/test-postgres.ts";

/** Tells which modules of PostgreSQL's part a gateway loads. */
const telling = `import { registerHooks } from "node:module";
registerHooks({ load(url, context, next) {
  if (/node_modules\\/pg|ledger\\/postgres/.test(url)) process.stderr.write("LOADED " + url + "\\n");
  return next(url, context);
} });`;

const postgres = postgresOfFile();
let dirs: string[] = [];
let running: Spawned[] = [];
const keys = { alice: newTestKey(), boss: newTestKey() };

beforeEach(() => {
  running = [];
  dirs = [];
});
afterEach(async () => {
  for (const { child } of running) child.kill("SIGKILL");
  await Promise.all(running.map(({ ended }) => ended));
  for (const dir of dirs) remove(dir);
});

function directory(): string {
  const dir = newDirectory();
  dirs.push(dir);
  const users = { [keys.alice]: "alice", [keys.boss]: { user: "boss", role: "admin" } };
  writeFileSync(join(dir, "users.json"), JSON.stringify(users));
  return dir;
}

async function start(dir: string, env: Record<string, string>): Promise<Spawned> {
  const one = await spawnGateway(dir, { USERS_FILE: "users.json", ...env });
  running.push(one);
  return one;
}

const ask = (gateway: Spawned, path: string, init: RequestInit = {}, key = keys.alice) =>
  fetch(gateway.url + path, { ...init, headers: { authorization: `Bearer ${key}` } });

/** A chat, which the echo answers; its status. */
async function say(gateway: Spawned): Promise<number> {
  const body = JSON.stringify(chat());
  const answer = await ask(gateway, "/v1/chat/completions", { method: "POST", body });
  await answer.text();
  return answer.status;
}

/** All requests, as an administrator is told. */
async function total(gateway: Spawned): Promise<number> {
  const answer = await ask(gateway, "/usage?group=user", {}, keys.boss);
  const { total: sums } = (await answer.json()) as { total: { requests: number } };
  return sums.requests;
}

/** What alice has used of her first limit, as she is told. */
async function usedOf(gateway: Spawned): Promise<number | undefined> {
  const answer = await ask(gateway, "/limits");
  const { limits } = (await answer.json()) as { limits: { used: number }[] };
  return limits[0]?.used;
}

const doneIn = async (url: string): Promise<number> => {
  const sql = "SELECT count(*) AS rows FROM generations WHERE state = 'done'";
  return (await postgres.query<{ rows: number }>(url, sql))[0]?.rows ?? 0;
};

withPostgres("a gateway with DATABASE_URL", () => {
  test("answers while PostgreSQL is away, and after kill -9 each row arrives once", async () => {
    const url = await postgres.database();
    const dir = directory();
    const limits = { ENABLE_RATE_LIMITING: "true", MAX_REQUESTS: "100", RATE_LIMIT_WINDOW: "60" };
    const env = { DATABASE_URL: url, ...limits };
    const first = await start(dir, env);
    for (let index = 0; index < 5; index++) expect(await say(first)).toBe(200);
    expect(await total(first)).toBe(5);
    await postgres.halt("immediate");
    for (let index = 0; index < 5; index++) expect(await say(first)).toBe(200);
    await vi.waitFor(async () => {
      const health = (await (await fetch(`${first.url}/health`)).json()) as { ledger: object };
      expect(health.ledger).toMatchObject({ ok: false, spooled: 5, dropped: 0 });
    }, 10_000);
    expect((await ask(first, "/usage")).status).toBe(503);
    first.child.kill("SIGKILL");
    await first.ended;
    const second = await start(dir, env);
    expect(await say(second)).toBe(200);
    await postgres.start();
    await vi.waitFor(async () => expect(await doneIn(url)).toBe(11), 15_000);
    expect(await total(second)).toBe(11);
    // What was used before its start counts too, although it could not be read then.
    await vi.waitFor(async () => expect(await usedOf(second)).toBe(11), 15_000);
    second.child.kill("SIGTERM");
    expect(await second.ended).toBe(0);
  });

  test("shares rows, reports and what was used of limits with others on the same database", async () => {
    const env = {
      DATABASE_URL: await postgres.database(),
      ...{ ENABLE_RATE_LIMITING: "true", MAX_REQUESTS: "3", RATE_LIMIT_WINDOW: "60" },
    };
    const one = await start(directory(), env);
    const two = await start(directory(), env);
    for (let index = 0; index < 3; index++) expect(await say(one)).toBe(200);
    await vi.waitFor(async () => expect(await doneIn(env.DATABASE_URL)).toBe(3), 10_000);
    expect(await total(two)).toBe(3);
    // Its first request of alice's: what she used elsewhere counts.
    expect(await say(two)).toBe(429);
    expect(await usedOf(two)).toBe(3);
  });

  test("stops at a database that it cannot use, with one line that holds no password", async () => {
    const url = await postgres.database();
    const wrong = url.replace("gateway@", "gateway:hunter2@").replace(/gateway_\d+$/, "nothing");
    const gateway = await spawnGateway(
      directory(),
      { DATABASE_URL: wrong, USERS_FILE: "users.json" },
      { ready: false },
    );
    running.push(gateway);
    expect(await gateway.ended).toBe(1);
    expect(gateway.stderr()).toContain("there is no database of this name");
    expect(gateway.stdout() + gateway.stderr()).not.toContain("hunter2");
  });

  test("loads PostgreSQL's part, and one without it never does", async () => {
    const NODE_OPTIONS = `--import=data:text/javascript,${encodeURIComponent(telling)}`;
    const with_ = await start(directory(), {
      NODE_OPTIONS,
      DATABASE_URL: await postgres.database(),
    });
    expect(with_.stderr()).toContain("LOADED ");
    const without = await start(directory(), { NODE_OPTIONS });
    expect(await say(without)).toBe(200);
    expect((await ask(without, "/usage")).status).toBe(200);
    expect((await fetch(`${without.url}/health`)).status).toBe(200);
    expect(without.stderr()).not.toContain("LOADED ");
  });
});
