import { spawn } from "node:child_process";
import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { expect, onTestFinished, test, vi } from "vitest";
import { startCuttingRelay } from "../../test/support/cutting-relay.ts";
import { addRow, closing, opening, temporaryFile } from "../../test/support/test-ledger.ts";
import { postgresOfFile, withPostgres } from "../../test/support/test-postgres.ts";
import { type Ledger, openLedger } from "../ledger.ts";
import { createClient } from "./connect.ts";
import { openPostgresLedger, type PostgresLedgerOptions } from "./open-postgres-ledger.ts";
import { verifyPostgres } from "./verify-postgres.ts";

const postgres = postgresOfFile();

type Started = { ledger: Ledger; url: string; spoolFile: string; said: string[] };

async function start(change: Partial<PostgresLedgerOptions> = {}): Promise<Started> {
  const url = change.url ?? (await postgres.database());
  const spoolFile = change.spoolFile ?? temporaryFile();
  const said: string[] = [];
  const ledger = await openPostgresLedger({
    ...{ url, spoolFile, gapMs: 5, onTrouble: (message) => said.push(message) },
    onRecovery: () => said.push("recovered"),
    ...change,
  });
  onTestFinished(() => ledger.shutdown());
  return { ledger, url, spoolFile, said };
}

async function faults(url: string): Promise<string[]> {
  const client = createClient(url);
  await client.connect();
  try {
    return await verifyPostgres(client);
  } finally {
    await client.end();
  }
}

/** How many rows there are of each state. */
async function states(url: string): Promise<Record<string, number>> {
  const sql = "SELECT state, count(*) AS count FROM generations GROUP BY state";
  const rows = await postgres.query<{ state: string; count: number }>(url, sql);
  return Object.fromEntries(rows.map(({ state, count }) => [state, count]));
}

/** On a busy machine everything takes its time. */
const eventually = (check: () => void): Promise<void> => vi.waitFor(check, 15_000);

const arrived = (url: string, wanted: Record<string, number>): Promise<void> =>
  vi.waitFor(async () => expect(await states(url)).toEqual(wanted), 15_000);

withPostgres("a ledger in PostgreSQL", () => {
  test("that is away lets answers end, and gets each row once when it is back", async () => {
    const { ledger, url, said } = await start();
    const running = opening();
    ledger.open(running);
    ledger.waits(running.id);
    await addRow(ledger);
    await arrived(url, { done: 1, open: 1 });
    await postgres.halt("immediate");
    onTestFinished(() => postgres.start());
    for (let index = 0; index < 300; index++) await addRow(ledger);
    await ledger.close(running.id, closing({ state: "cancelled" }));
    await eventually(() => expect(ledger.state()).toMatchObject({ ok: false, dropped: 0 }));
    await eventually(() => expect(ledger.state().spooled).toBe(301));
    await expect(ledger.spent("alice", 0)).rejects.toMatchObject({
      ...{ code: "ledger_busy", status: 503, headers: { "retry-after": "5" } },
    });
    expect(await ledger.windowCounts("alice", 0, Date.now())).toBeNull();
    await postgres.start();
    await arrived(url, { done: 301, cancelled: 1 });
    await eventually(() => expect(ledger.state()).toMatchObject({ ok: true, spooled: 0 }));
    expect(said.at(-1)).toBe("recovered");
    expect(said.filter((line) => line.includes("they wait on disk"))).toHaveLength(1);
    expect(await faults(url)).toEqual([]);
  });

  test("that goes away is noticed, and told, though there is nothing to write", async () => {
    const { ledger, said } = await start({ beatMs: 50 });
    expect(ledger.state()).toMatchObject({ ok: true, error: null });
    await postgres.halt();
    onTestFinished(() => postgres.start());
    await eventually(() => expect(ledger.state()).toMatchObject({ ok: false, spooled: 0 }));
    await postgres.start();
    await eventually(() => expect(ledger.state()).toMatchObject({ ok: true, error: null }));
    expect(said.at(-1)).toBe("recovered");
  });

  test("gets the rows of a gateway that was killed while the database was away", async () => {
    const [url, spoolFile] = [await postgres.database(), temporaryFile()];
    const seen: string[] = [];
    for (let round = 0; round < 3; round++) {
      seen.push(...(await killedTraffic(url, spoolFile, round)));
    }
    expect(seen.length).toBeGreaterThan(30);
    await start({ url, spoolFile });
    const done = "SELECT id FROM generations WHERE state = 'done'";
    await vi.waitFor(async () => {
      const ids = new Set((await postgres.query<{ id: string }>(url, done)).map(({ id }) => id));
      expect(seen.filter((id) => !ids.has(id)).length).toBe(0);
      expect(Object.keys(await states(url))).not.toContain("open");
    }, 20_000);
    expect(await faults(url)).toEqual([]);
  });

  test("counts a row once, though connections are cut at any moment", async () => {
    const relay = await startCuttingRelay(postgres.port);
    onTestFinished(() => relay.close());
    const url = await postgres.database();
    const through = url.replace(String(postgres.port), String(relay.port));
    const { ledger } = await start({ url: through, gapMs: 1 });
    for (let index = 0; index < 400; index++) {
      await addRow(ledger);
      if (index % 20 === 0) relay.cut();
    }
    await arrived(url, { done: 400 });
    expect(await faults(url)).toEqual([]);
  });

  test("holds up no answer while somebody locks its tables", async () => {
    const { ledger, url } = await start();
    const client = createClient(url);
    await client.connect();
    await client.query("BEGIN; LOCK TABLE generations IN ACCESS EXCLUSIVE MODE");
    for (let index = 0; index < 100; index++) await addRow(ledger);
    await client.end();
    await arrived(url, { done: 100 });
    expect(await faults(url)).toEqual([]);
  });

  test("that hangs holds up no answer, and no request that waits for its limits", async () => {
    const { ledger, url, said } = await start();
    await addRow(ledger);
    await arrived(url, { done: 1 });
    postgres.pause();
    onTestFinished(() => postgres.resume());
    for (let index = 0; index < 100; index++) await addRow(ledger);
    const patience = sleep(15_000, "too late", { ref: false });
    const counts = ledger.windowCounts("alice", 0, Date.now());
    expect(await Promise.race([counts, patience])).toBeNull();
    expect(said.join()).toContain("cannot be read for limits: it does not answer in time");
    postgres.resume();
    await arrived(url, { done: 101 });
    expect(await faults(url)).toEqual([]);
  });

  test("with a full disk still gives reports, and gets the rows when there is room", async () => {
    const { ledger, url } = await start();
    await addRow(ledger);
    await arrived(url, { done: 1 });
    await postgres.query(
      url,
      `CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = '53100'; END $$;
       CREATE TRIGGER full_disk BEFORE INSERT ON generations EXECUTE FUNCTION full_disk();`,
    );
    for (let index = 0; index < 5; index++) await addRow(ledger);
    await eventually(() => expect(ledger.state()).toMatchObject({ ok: false, spooled: 5 }));
    expect(ledger.state().error).toBe("its disk is full; free some space there");
    expect(await ledger.totals()).toMatchObject([{ requests: 1 }]);
    await postgres.query(url, "DROP TRIGGER full_disk ON generations");
    await arrived(url, { done: 6 });
    expect(await faults(url)).toEqual([]);
  });

  test("takes no row's batch with a row that it refuses", async () => {
    const { ledger, url, said } = await start();
    await addRow(ledger);
    await arrived(url, { done: 1 });
    await postgres.query(url, "ALTER TABLE generations ADD CHECK (model <> 'forbidden')");
    const rows = Array.from({ length: 40 }, (_, index) =>
      addRow(ledger, index % 13 === 5 ? { model: "forbidden" } : {}),
    );
    await Promise.all(rows);
    await arrived(url, { done: 38 });
    await eventually(() => expect(ledger.state()).toMatchObject({ ok: true, dropped: 3 }));
    expect(said).toHaveLength(3);
    expect(said[0]).toContain("the ledger refuses the row of ");
    expect(await faults(url)).toEqual([]);
  });

  test("keeps the older rows of a full spool, and counts those that it loses", async () => {
    const { ledger, url } = await start({ mayWait: 20 });
    const running = opening();
    ledger.open(running);
    ledger.waits(running.id);
    await arrived(url, { open: 1 });
    await postgres.halt();
    onTestFinished(() => postgres.start());
    for (let index = 0; index < 30; index++) await addRow(ledger);
    await ledger.close(running.id, closing());
    await eventually(() => expect(ledger.state()).toMatchObject({ spooled: 20, dropped: 11 }));
    expect(ledger.state().error).toContain("the file of waiting rows is full");
    await postgres.start();
    // What was open is closed, whatever the room.
    await arrived(url, { done: 20 });
    await addRow(ledger);
    await arrived(url, { done: 21 });
    expect(await faults(url)).toEqual([]);
  });

  test("serves several gateways at once, and each reads what it has written", async () => {
    const url = await postgres.database();
    const all = await Promise.all(Array.from({ length: 4 }, () => start({ url })));
    await Promise.all(
      all.map(async ({ ledger }, index) => {
        for (let count = 1; count <= 60; count++) {
          await addRow(ledger, { user: `user-${index}` }, { cost: 0.25 });
          if (count % 20 === 0) {
            const spent = await ledger.spent(`user-${index}`, 0);
            expect(spent).toMatchObject({ requests: count, cost: count / 4 });
          }
        }
        for (let count = 0; count < 60; count++) await addRow(ledger, { user: "everybody" });
      }),
    );
    await arrived(url, { done: 480 });
    expect(await all[0]?.ledger.spent("everybody", 0)).toMatchObject({ requests: 240 });
    expect(await faults(url)).toEqual([]);
  });

  test("closes the rows of a gateway that fell silent, and takes its own word later", async () => {
    const url = await postgres.database();
    const silent = await start({ url });
    const rows = [opening(), opening()];
    for (const row of rows) {
      silent.ledger.open(row);
      silent.ledger.waits(row.id);
    }
    await arrived(url, { open: 2 });
    const living = await start({ url });
    expect(await states(url)).toEqual({ open: 2 });
    await postgres.query(url, "UPDATE instances SET until = clock_timestamp() - interval '1 s'");
    await start({ url });
    expect(await states(url)).toEqual({ interrupted: 2 });
    expect(await living.ledger.totals()).toMatchObject([{ requests: 2, interrupted: 2 }]);
    expect(await faults(url)).toEqual([]);
    await silent.ledger.close(rows[0]?.id ?? "", closing());
    await arrived(url, { interrupted: 1, done: 1 });
    expect(await living.ledger.totals()).toMatchObject([
      { requests: 2, interrupted: 1, input: 10 },
    ]);
    expect(await faults(url)).toEqual([]);
  });

  test("loses nothing at a stop without the database: the next start sends it", async () => {
    const { ledger, url, spoolFile, said } = await start();
    await addRow(ledger);
    await postgres.halt();
    onTestFinished(() => postgres.start());
    await addRow(ledger);
    await ledger.shutdown();
    expect(said.at(-1)).toMatch(/^[12] rows of the ledger wait on disk for the next start$/);
    // The spool knows the database, so the gateway starts without it.
    const next = await start({ url, spoolFile });
    expect(next.said[0]).toContain("the database of the ledger is away, rows wait on disk");
    await addRow(next.ledger);
    await postgres.start();
    await arrived(url, { done: 3 });
    expect(await faults(url)).toEqual([]);
  });

  test.each([
    ["the file", ["", "-wal", "-shm"]],
    ["its log", ["-wal"]],
  ])("goes on if somebody deletes %s of waiting rows", async (_what, ends) => {
    const { ledger, url, spoolFile, said } = await start({ lookEveryMs: 20 });
    const running = opening();
    ledger.open(running);
    ledger.waits(running.id);
    await arrived(url, { open: 1 });
    await postgres.halt();
    onTestFinished(() => postgres.start());
    for (let index = 0; index < 5; index++) await addRow(ledger);
    for (const end of ends) rmSync(spoolFile + end);
    await eventually(() => expect(said.join()).toContain("it was made again with its rows"));
    await addRow(ledger);
    expect(ledger.state()).toMatchObject({ spooled: 6, dropped: 0 });
    // What a crash finds now is in the new file.
    const copy = temporaryFile();
    for (const end of ["", "-wal"]) copyFileSync(spoolFile + end, copy + end);
    await ledger.shutdown();
    await postgres.start();
    await start({ url, spoolFile: copy });
    await arrived(url, { done: 6, interrupted: 1 });
    expect(await faults(url)).toEqual([]);
  });

  test("removes rows by their age, keeps their sums, and does not miss them", async () => {
    const url = await postgres.database();
    const before = await start({ url });
    const now = Date.now();
    for (let index = 0; index < 10; index++) {
      await addRow(before.ledger, { startedAt: now - index * 86_400_000 });
    }
    await before.ledger.totals();
    const running = opening({ startedAt: now - 50 * 86_400_000 });
    before.ledger.open(running);
    before.ledger.waits(running.id);
    await arrived(url, { done: 10, open: 1 });
    const forgotten: number[] = [];
    const { ledger } = await start({
      url,
      keepDays: 3,
      onForgotten: (rows) => forgotten.push(rows),
    });
    await arrived(url, { done: 4, open: 1 });
    expect(forgotten).toEqual([6]);
    expect(await ledger.totals()).toMatchObject([{ requests: 10 }]);
    expect(await faults(url)).toEqual([]);
  });

  test("is made by one of several gateways that start at once", async () => {
    const url = await postgres.database();
    const all = await Promise.all(Array.from({ length: 6 }, () => start({ url })));
    for (const { ledger } of all) await addRow(ledger);
    await arrived(url, { done: 6 });
  });

  test("gives the answers of one in SQLite, whatever is asked of any traffic", {
    timeout: 120_000,
  }, async () => {
    const now = Date.now();
    const name = fc.constantFrom("alice", "Zoë", "bob", "");
    const count = fc.option(fc.integer({ min: 0, max: 5_000 }));
    const request = fc.record({
      startedAt: fc.integer({ min: now - 100 * 86_400_000, max: now }),
      ...{ user: name, model: fc.option(name), upstream: fc.constantFrom("gpu1", "gpu2") },
      key: fc.constantFrom("", "0123456789abcdef"),
      ...{ input: count, output: count, upstreamMs: count },
      cost: fc.option(fc.double({ min: 0, max: 3, noNaN: true })),
      state: fc.constantFrom("done" as const, "failed" as const, "cancelled" as const),
    });
    const groups = fc.uniqueArray(fc.constantFrom("day", "user", "model", "upstream", "key"));
    const timeZone = fc.constantFrom("UTC", "Europe/Berlin", "Asia/Kathmandu");
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 40 }),
        groups,
        timeZone,
        async (requests, by, zone) => {
          const remote = await openPostgresLedger({
            ...{ url: await postgres.database(), spoolFile: temporaryFile(), gapMs: 1 },
          });
          const local = openLedger({ file: temporaryFile() });
          for (const { state, cost, upstreamMs, input, output, ...row } of requests) {
            const usage = { input, output, cached: null, reasoning: null, source: null };
            const change = opening(row);
            for (const ledger of [local, remote]) {
              await addRow(ledger, change, { state, cost, upstreamMs, usage });
            }
          }
          const asked = async (ledger: Ledger): Promise<unknown[]> => [
            await ledger.totals(),
            await ledger.reports.usage({
              ...{ from: now - 95 * 86_400_000, to: now, groups: by, user: null },
              ...{ timeZone: zone, now },
            }),
            await ledger.reports.requests({ user: "alice", limit: 7, before: null }),
            await ledger.windowCounts("alice", now - 30 * 86_400_000, now),
            await ledger.keyCounts("0123456789abcdef", now - 86_400_000),
            await ledger.spent("Zoë", now - 9 * 86_400_000),
          ];
          expect(await asked(remote)).toEqual(await asked(local));
          await Promise.all([remote.shutdown(), local.shutdown()]);
        },
      ),
      { numRuns: 8 },
    );
  });
});

withPostgres("a start with PostgreSQL", () => {
  async function refusal(change: Partial<PostgresLedgerOptions>): Promise<string> {
    const error = await start(change).then(
      () => new Error("it started"),
      (cause: unknown) => cause as Error,
    );
    expect(error.message).not.toContain("\n");
    expect(error.message).not.toContain("hunter2");
    return error.message;
  }

  test("stops with one line if the database cannot be used, and says what to do", async () => {
    const url = await postgres.database();
    const wrong = (change: (url: URL) => void): string => {
      const changed = new URL(url);
      changed.password = "hunter2";
      change(changed);
      return changed.href;
    };
    expect(await refusal({ url: wrong((one) => (one.pathname = "/nothing")) })).toBe(
      "cannot use the database of DATABASE_URL: there is no database of this name; " +
        "create it (createdb NAME), or correct DATABASE_URL",
    );
    expect(await refusal({ url: wrong((one) => (one.port = "1")) })).toContain(
      "nothing answers there; start PostgreSQL, or correct DATABASE_URL",
    );
    expect(await refusal({ url: wrong((one) => (one.username = "stranger")) })).toContain(
      "the server refuses this user; correct DATABASE_URL, or allow the user in pg_hba.conf",
    );
    await postgres.query(url, "CREATE TABLE generations (recipe text)");
    expect(await refusal({ url })).toContain("it has tables of another program");
  });

  test("stops at a database that cannot hold every text", async () => {
    const url = await postgres.database("ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    expect(await refusal({ url })).toContain("its encoding is LATIN1; make it anew with UTF8");
  });

  test("stops at a schema of a newer gateway", async () => {
    const { url, ledger } = await start();
    await ledger.shutdown();
    await postgres.query(url, "UPDATE llm_gateway_schema SET version = 99");
    expect(await refusal({ url })).toContain("its schema is version 99 and this gateway knows");
  });

  test("stops at a damaged spool, or begins a new one if it is told to", async () => {
    const [url, spoolFile] = [await postgres.database(), temporaryFile()];
    writeFileSync(spoolFile, "rows, 2026\n".repeat(500));
    expect(await refusal({ url, spoolFile })).toContain(`the spool of the ledger ${spoolFile}`);
    const { ledger, said } = await start({ url, spoolFile, ifDamaged: "new" });
    expect(said[0]).toContain("its file is damaged; it was moved to ");
    await addRow(ledger);
    await arrived(url, { done: 1 });
  });

  test("stops if another gateway uses the same spool", async () => {
    const { url, spoolFile } = await start();
    expect(await refusal({ url, spoolFile })).toContain(
      "another gateway uses it; give each gateway a DATABASE_FILE of its own",
    );
  });
});

/** Opens and closes rows without end; prints an id once its close has resolved. */
const traffic = `
  const { openPostgresLedger } = await import(process.argv[1]);
  const [, url, spoolFile, opening, closing] = process.argv.slice(1);
  const ledger = await openPostgresLedger({ url, spoolFile, gapMs: 3 });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  async function one() {
    const id = crypto.randomUUID();
    ledger.open({ ...JSON.parse(opening), id });
    for (let wait = Math.random() * 40; wait > 0; wait--) await turn();
    await ledger.close(id, JSON.parse(closing));
    process.stdout.write(id + "\\n");
  }
  async function client() { for (;;) await one(); }
  for (let i = 0; i < 8; i++) client();
`;

/** Runs the traffic and kills it; in every second round the database goes away before. */
async function killedTraffic(url: string, spoolFile: string, round: number): Promise<string[]> {
  const module = new URL("./open-postgres-ledger.ts", import.meta.url).href;
  const args = ["--input-type=module", "-e", traffic, module, url, spoolFile];
  args.push(JSON.stringify(opening()), JSON.stringify(closing()));
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const isAway = round % 2 === 0;
  let seen = "";
  let away: Promise<void> = Promise.resolve();
  child.stdout.once("data", () => {
    setTimeout(() => child.kill("SIGKILL"), 400);
    if (isAway) away = sleep(100).then(() => postgres.halt("immediate"));
  });
  child.stdout.on("data", (text) => {
    seen += text;
  });
  await new Promise((resolve) => child.on("close", resolve));
  await away;
  await postgres.start();
  // The last line may be cut in two.
  return seen.split("\n").slice(0, -1);
}
