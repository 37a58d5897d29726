import { existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, describe, expect, it } from "vitest";
import { chat, newTestKey, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { politeChat } from "./support/mock-upstream.ts";
import { ownRoutes } from "./support/own-routes.ts";

let gateway: TestGateway;
afterEach(() => gateway.stop());

const statusWith = async (key: string): Promise<number> =>
  (await fetch(`${gateway.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })).status;

type Files = {
  users_file: { ok: boolean; error: string | null };
  ledger: {
    ok: boolean;
    spooled: number;
    spool_limit: number;
    dropped: number;
    error: string;
    notice: string | null;
  };
};
const files = async (): Promise<Files> => (await gateway.health()) as unknown as Files;

describe("users.json", () => {
  it("counts from the next request on, however it was edited", async () => {
    gateway = await startTestGateway(politeChat);
    const key = newTestKey();
    expect(await statusWith(key)).toBe(401);
    writeFileSync(gateway.usersFile, JSON.stringify({ [key]: "dora" }));
    expect(await statusWith(key)).toBe(200);
    expect(await statusWith(gateway.keys.alice ?? "")).toBe(401);
    writeFileSync(`${gateway.usersFile}.new`, "{}");
    renameSync(`${gateway.usersFile}.new`, gateway.usersFile);
    expect(await statusWith(key)).toBe(401);
  });

  it("that is broken locks no user out, and /health says so", async () => {
    gateway = await startTestGateway(politeChat);
    for (const broken of ["", '{"sk-', "[]", '{"sk-1234567890": 5}']) {
      writeFileSync(gateway.usersFile, broken);
      expect(await statusWith(gateway.keys.alice ?? "")).toBe(200);
      expect((await files()).users_file.ok).toBe(false);
    }
    writeFileSync(gateway.usersFile, JSON.stringify({ [gateway.keys.alice ?? ""]: "alice" }));
    expect(await statusWith(gateway.keys.alice ?? "")).toBe(200);
    expect((await files()).users_file).toMatchObject({ ok: true, error: null });
  });

  it("that is gone locks all users out if there is no API_KEY", async () => {
    gateway = await startTestGateway(politeChat);
    rmSync(gateway.usersFile);
    expect(await statusWith(gateway.keys.alice ?? "")).toBe(401);
  });
});

describe("the ledger", () => {
  it("that cannot be written does not stop chats, and gets every row later", async () => {
    gateway = await startTestGateway(politeChat);
    const other = new Database(join(gateway.dir, "gateway.db"));
    other.exec("BEGIN IMMEDIATE");
    const answers = await Promise.all(
      [true, false, true].map((stream) => gateway.post("/v1/chat/completions", chat({ stream }))),
    );
    for (const answer of answers) expect(await answer.text()).toContain("Hello");
    const { ledger } = await files();
    expect(ledger).toMatchObject({ ok: false, spool_limit: 10_000, dropped: 0 });
    expect(ledger.error).toContain("locked");
    expect(ledger.spooled).toBeGreaterThan(0);
    const metrics = await ownRoutes(gateway.url).get("/metrics").expect(200);
    expect(metrics.text).toContain(`llm_gateway_ledger_spooled ${ledger.spooled}\n`);
    expect((await gateway.health()).line).toMatchObject({ active: 0, waiting: 0 });
    other.exec("COMMIT");
    other.close();
    await until(async () => (await files()).ledger.spooled === 0, "all that waited is written");
    expect(gateway.rows().map(({ state }) => state)).toEqual(["done", "done", "done"]);
    expect((await files()).ledger.ok).toBe(true);
  });

  it("that is deleted under the gateway is told and made again", { timeout: 60_000 }, async () => {
    gateway = await startTestGateway(politeChat);
    const database = join(gateway.dir, "gateway.db");
    const ask = async (): Promise<void> => {
      const answer = await gateway.post("/v1/chat/completions", chat());
      expect(await answer.text()).toContain("Hello");
    };
    await ask();
    expect((await files()).ledger.notice).toBeNull();
    for (const end of ["", "-wal", "-shm"]) rmSync(database + end, { force: true });
    await ask();
    await until(async () => (await files()).ledger.notice !== null, "it is noticed", 50_000);
    expect((await files()).ledger.notice).toContain("all its rows were saved to a new one");
    await ask();
    expect(existsSync(database)).toBe(true);
    expect(gateway.rows().map(({ state }) => state)).toEqual(["done", "done", "done"]);
    expect((await files()).ledger).toMatchObject({ ok: true, spooled: 0, dropped: 0 });
  });
});
