import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { openLedger } from "../ledger/ledger.ts";
import type { RowClosing } from "../ledger/row.ts";
import { runCommand } from "../test/support/run-command.ts";
import { usage } from "./usage.ts";

let file = "";
let env: Record<string, string> = {};

const run = async (...argv: string[]) =>
  await runCommand(usage, argv, { env, cwd: tmpdir(), now: () => Date.UTC(2026, 10, 21, 12) });

let add: (id: string, user: string, day: number, closing: Partial<RowClosing>) => Promise<void>;

/** Three generations over two days; the gateway runs on. */
beforeEach(async () => {
  const dir = mkdtempSync(join(tmpdir(), "usage-"));
  file = join(dir, "gateway.db");
  env = { DATABASE_FILE: file };
  const ledger = openLedger({ file });
  onTestFinished(async () => {
    await ledger.shutdown();
    rmSync(dir, { recursive: true });
  });
  const numbers = { input: 1200, output: 300, cached: 1000, reasoning: 7, source: "reported" };
  const unknown = { input: null, output: null, cached: null, reasoning: null, source: null };
  add = async (id, user, day, closing) => {
    ledger.open({
      id,
      requestId: id,
      user,
      model: "qwen",
      upstream: "echo",
      dialect: "chat",
      path: "/v1/chat/completions",
      streamed: false,
      startedAt: Date.UTC(2026, 10, day, 12),
    });
    await ledger.close(id, {
      state: "done",
      status: 200,
      errorCode: null,
      queueMs: 0,
      firstTokenMs: null,
      upstreamMs: 1,
      durationMs: 1,
      usage: numbers as RowClosing["usage"],
      upstreamId: null,
      ...closing,
    });
  };
  await add("1", "alice", 20, {});
  await add("2", "alice", 21, {});
  await add("3", "bob", 21, {
    state: "failed",
    status: 502,
    usage: unknown as RowClosing["usage"],
  });
});

test("a table for each day and user, with a total, while the gateway runs", async () => {
  const { status, out } = await run();
  expect(status).toBe(0);
  expect(out.split("\n")).toEqual([
    "day (UTC)   user   requests  input  output  cached  reasoning  errors  cancelled  interrupted",
    "-".repeat(93),
    "2026-11-20  alice         1  1,200     300   1,000          7       0          0            0",
    "2026-11-21  alice         1  1,200     300   1,000          7       0          0            0",
    "2026-11-21  bob           1      0       0       0          0       1          0            0",
    "-".repeat(93),
    "total                     3  2,400     600   2,000         14       1          0            0",
    "",
    "The tokens of 1 of 3 requests are unknown, so they are not in these sums.",
  ]);
});

test("costs are shown in dollars where there are any", async () => {
  await add("4", "bob", 21, { cost: 1234.00008 });
  await add("5", "alice", 21, { cost: 0.00016 });
  const { out } = await run();
  expect(out).toMatch(/ {2}cost \(USD\)\n/);
  expect(out).toMatch(/\n2026-11-21 +alice .* 0\.0002\n/);
  expect(out).toMatch(/\ntotal .* 1,234\.0002\n/);
  const { lines, total } = JSON.parse((await run("--json")).out);
  expect(lines[1]).toMatchObject({ user: "alice", cost: 0.00016 });
  expect(total.cost).toBeCloseTo(1234.00024, 9);
});

test("days, a first day and a user choose what is shown", async () => {
  expect((await run("--days", "1", "--csv")).out.match(/2026-/g)).toHaveLength(2);
  expect((await run("--since", "2026-11-20", "--csv")).out.match(/2026-/g)).toHaveLength(3);
  expect((await run("--user", "bob", "--csv")).out).toBe(
    "day,user,requests,input_tokens,output_tokens,cached_tokens,reasoning_tokens,unmetered," +
      "errors,cancelled,interrupted,queue_ms,upstream_ms,duration_ms,cost,unpriced\n" +
      "2026-11-21,bob,1,0,0,0,0,1,1,0,0,0,1,1,,1",
  );
  expect((await run("--user", "nobody")).out).toBe("Nothing was used since 2026-10-23 (UTC).");
});

test("as JSON it holds the same lines and total", async () => {
  const { lines, total } = JSON.parse((await run("--json")).out);
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatchObject({
    day: "2026-11-20",
    user: "alice",
    requests: 1,
    input_tokens: 1200,
  });
  expect(total).toMatchObject({ requests: 3, output_tokens: 600, errors: 1, unmetered: 1 });
});

test("a database that does not exist is said so, and not made", async () => {
  const missing = `${file}-missing`;
  for (const argv of [[], []]) {
    env = { DATABASE_FILE: missing };
    const { status, said } = await run(...argv);
    expect(status).toBe(1);
    expect(said).toContain(`there is no ledger at ${missing}`);
  }
});

test("a variable of config.yaml that this shell lacks does not hide the accounts", async () => {
  const config = join(file, "..", "config.yaml");
  writeFileSync(config, `upstream_api_key: \${NOT_SET_HERE}\n`);
  const { status, said } = await run("--config", config, "--json");
  expect({ status, said }).toEqual({ status: 0, said: "" });
});

test.each([
  [["--days", "0"], "--days takes a number"],
  [["--since", "2026-02-31"], "--since takes a day such as"],
  [["--since", "2026-11-01", "--days", "2"], "choose one of"],
  [["--json", "--csv"], "choose one of"],
  [["--frobnicate"], "unknown option --frobnicate; there are --days, --since"],
  [["--days"], "--days needs a value: --days=N"],
  [["--json=yes"], "--json takes no value"],
  [["today"], "too many arguments: usage"],
])("%j is refused with one line", async (argv, line) => {
  const { status, said } = await run(...argv);
  expect(status).toBe(2);
  expect(said).toContain(line);
  expect(said).not.toContain("\n");
});
