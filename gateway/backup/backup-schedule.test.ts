import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempDisposableSync,
  readdirSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { restore } from "../cli/restore.ts";
import { openLedger } from "../ledger/ledger.ts";
import { chat, readRows, startTestGateway, until } from "../test/support/harness.ts";
import { runCommand } from "../test/support/run-command.ts";
import { closing, opening } from "../test/support/test-ledger.ts";
import { lastDue, newestBackup, scheduleBackups } from "./backup-schedule.ts";
import { keptFiles } from "./kept-files.ts";

const dayMs = 86_400_000;

/** A folder with a ledger of one row and a users file, and where its backups go. */
async function house() {
  const folder = mkdtempDisposableSync(join(tmpdir(), "daily-"));
  onTestFinished(() => folder.remove());
  const dir = folder.path;
  const ledger = openLedger({ file: join(dir, "gateway.db") });
  const row = opening();
  ledger.open(row);
  await ledger.close(row.id, closing());
  await ledger.shutdown();
  writeFileSync(join(dir, "users.json"), '{"sk-somebody":"alice"}');
  const kept = keptFiles(
    { databaseFile: "gateway.db", usersFile: "users.json", configFile: null },
    dir,
  );
  const backups = join(dir, "backups");
  const names = (): string[] => (existsSync(backups) ? readdirSync(backups).sort() : []);
  return { dir, kept, backups, names };
}

type House = Awaited<ReturnType<typeof house>>;

/** A schedule on a clock of the test's own, due at 04:00 in the time zone of the process. */
function scheduled({ kept }: House, clock: { now: number }, keep = 3) {
  const made: string[] = [];
  const told: string[] = [];
  const schedule = scheduleBackups({
    ...{ kept, version: "0.0.0", atMinute: 240, keep, everyMs: 10, now: () => clock.now },
    onMade: (name) => made.push(name),
    onTrouble: (trouble) => told.push(trouble),
  });
  onTestFinished(() => schedule[Symbol.asyncDispose]());
  return { made, told, schedule };
}

const noon = new Date(2026, 10, 21, 12).getTime();

test("the first backup is made at once, then one each day, and the newest ones stay", async () => {
  const place = await house();
  const clock = { now: noon };
  const { made, told } = scheduled(place, clock);
  for (let day = 1; day <= 5; day++) {
    await until(() => made.length === day, `backup ${day}`);
    // Not before four o'clock.
    clock.now = new Date(2026, 10, 21 + day, 3, 59).getTime();
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(made).toHaveLength(day);
    clock.now = new Date(2026, 10, 21 + day, 4, 1).getTime();
  }
  await until(() => made.length === 6, "the last one");
  expect(place.names()).toEqual(made.slice(-3));
  expect(told).toEqual([]);
});

test("a daily backup is whole, only for its owner, and can be restored", async () => {
  const place = await house();
  const { made } = scheduled(place, { now: noon });
  await until(() => made.length === 1, "a backup");
  const file = join(place.backups, made[0] ?? "");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const machine = mkdtempDisposableSync(join(tmpdir(), "restored-"));
  onTestFinished(() => machine.remove());
  const [users, database] = ["users.json", "gateway.db"].map((name) => join(machine.path, name));
  const env = { USERS_FILE: users, DATABASE_FILE: database };
  const restored = await runCommand(restore, [file], { cwd: machine.path, env });
  expect(restored).toMatchObject({ status: 0, out: "restored: users.json, gateway.db" });
  expect(readRows(database ?? "")).toHaveLength(1);
});

test("a start makes the backup that was missed, and none if there is a new one", async () => {
  const place = await house();
  const clock = { now: noon };
  const first = scheduled(place, clock);
  await until(() => first.made.length === 1, "the first");
  await first.schedule[Symbol.asyncDispose]();
  const again = scheduled(place, { now: noon + 3_600_000 });
  await new Promise((resolve) => setTimeout(resolve, 60));
  expect(again.made).toEqual([]);
  await again.schedule[Symbol.asyncDispose]();
  const later = scheduled(place, { now: noon + 3 * dayMs });
  await until(() => later.made.length === 1, "the missed one");
});

test("other files in the folder stay, and what a killed gateway left goes", async () => {
  const place = await house();
  mkdirSync(place.backups);
  const others = ["before-upgrade-1.tar.gz", "llm-gateway-20200101-000000.tar.gz", "mine.draft"];
  for (const name of others) writeFileSync(join(place.backups, name), "");
  writeFileSync(join(place.backups, "daily-20261120-040000.tar.gz.7.draft"), "half");
  mkdirSync(join(place.dir, ".backup-daily-abcdef"));
  mkdirSync(join(place.dir, ".backup-command-abcdef"));
  const { made } = scheduled(place, { now: noon }, 1);
  await until(() => made.length === 1, "a backup");
  expect(place.names()).toEqual([...others, ...made].sort());
  expect(readdirSync(place.dir)).not.toContain(".backup-daily-abcdef");
  expect(readdirSync(place.dir)).toContain(".backup-command-abcdef");
});

test("a backup that fails is told once an hour, and keeps the older ones", async () => {
  const place = await house();
  mkdirSync(place.backups);
  writeFileSync(join(place.backups, "daily-20261101-040000.tar.gz"), "");
  writeFileSync(place.kept.database, "no database");
  const clock = { now: noon };
  const { made, told } = scheduled(place, clock, 1);
  await until(() => told.length === 1, "told");
  expect(told[0]).toMatch(/^the daily backup failed \(BACKUP_DAILY\): .*not a database/);
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(told).toHaveLength(1);
  clock.now += 3_600_001;
  await until(() => told.length === 2, "told again");
  expect(made).toEqual([]);
  expect(place.names()).toEqual(["daily-20261101-040000.tar.gz"]);
});

test("a gateway that stops in the middle of a backup leaves no half of one", async () => {
  const place = await house();
  const { schedule, told } = scheduled(place, { now: noon });
  await until(() => existsSync(place.backups), "it has begun", 5_000);
  await schedule[Symbol.asyncDispose]();
  expect(place.names().filter((name) => name.endsWith(".draft"))).toEqual([]);
  expect(readdirSync(place.dir).filter((name) => name.startsWith(".backup-"))).toEqual([]);
  expect(told).toEqual([]);
});

test("a gateway that stops while it looks for the newest backup begins none", async () => {
  const place = await house();
  const { schedule, made } = scheduled(place, { now: noon });
  // In the same turn: the folder is being read.
  await schedule[Symbol.asyncDispose]();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(made).toEqual([]);
  expect(place.names()).toEqual([]);
});

test("the time of day is local, across the change of the clocks", () => {
  const script = `const { lastDue } = await import(${JSON.stringify(join(import.meta.dirname, "backup-schedule.ts"))});
    for (const now of ["2026-10-25T02:30Z", "2026-10-25T03:00Z", "2026-10-26T02:59Z", "2026-10-26T03:00Z"])
      console.log(new Date(lastDue(Date.parse(now), 240)).toISOString());`;
  const args = ["--input-type=module", "-e", script];
  const env = { ...process.env, TZ: "Europe/Berlin" };
  const lines = execFileSync(process.execPath, args, { env, encoding: "utf8" }).trim().split("\n");
  // In Berlin four o'clock is 02:00 UTC in summer and 03:00 UTC from 25 October on.
  expect(lines).toEqual([
    "2026-10-24T02:00:00.000Z",
    "2026-10-25T03:00:00.000Z",
    "2026-10-25T03:00:00.000Z",
    "2026-10-26T03:00:00.000Z",
  ]);
  expect(lastDue(noon, 12 * 60)).toBe(noon);
});

test("the newest backup is known: a daily one, or one by hand", async () => {
  const place = await house();
  expect(await newestBackup(place.kept)).toBeNull();
  mkdirSync(place.backups);
  const file = join(place.backups, "llm-gateway-20261121-040000.tar.gz");
  writeFileSync(file, "");
  utimesSync(file, 1_700_000_000, 1_700_000_000);
  expect(await newestBackup(place.kept)).toBe(1_700_000_000_000);
  chmodSync(place.backups, 0o700);
});

test("a gateway with BACKUP_DAILY makes one while it serves; without it none", async () => {
  await using gateway = await startTestGateway(() => {}, { UPSTREAM_URL: "", BACKUP_DAILY: "on" });
  await using other = await startTestGateway(() => {}, { UPSTREAM_URL: "" });
  const backups = join(gateway.dir, "backups");
  const isThere = (): boolean =>
    existsSync(backups) && /^daily-[\d-]+\.tar\.gz$/m.test(readdirSync(backups).join("\n"));
  while (!isThere()) {
    expect((await gateway.post("/v1/chat/completions", chat())).status).toBe(200);
  }
  expect(existsSync(join(other.dir, "backups"))).toBe(false);
});
