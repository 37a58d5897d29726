import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { chat, readRows, startTestGateway, type TestGateway } from "../test/support/harness.ts";
import { type Given, runCommand } from "../test/support/run-command.ts";
import { digestOf } from "../users/key.ts";
import { parseUsers } from "../users/snapshot.ts";
import { backup } from "./backup.ts";
import type { Command } from "./frame/command.ts";
import { restore } from "./restore.ts";

/** Surroundings whose files lie in `dir`. */
function at(dir: string, env: Record<string, string> = {}) {
  const files = { USERS_FILE: join(dir, "users.json"), DATABASE_FILE: join(dir, "gateway.db") };
  return { env: { ...files, ...env }, cwd: dir };
}

const backedUp = (argv: string[], given: Given) => runCommand(backup, argv, given);
const restored = (argv: string[], given: Given) => runCommand(restore, argv, given);

function scratch(): string {
  const dir = mkdtempDisposableSync(join(tmpdir(), "backup-"));
  onTestFinished(() => dir.remove());
  return dir.path;
}

/** A gateway on the echo with rows in its ledger; it still runs. */
async function used(rows: number): Promise<TestGateway> {
  const gateway = await startTestGateway(() => {}, { UPSTREAM_URL: "" });
  onTestFinished(() => gateway.stop());
  for (let n = 0; n < rows; n++) await (await gateway.post("/v1/chat/completions", chat())).text();
  return gateway;
}

test("made while serving, restored onto a new machine: keys work and no row is missing", async () => {
  const gateway = await used(3);
  const file = join(scratch(), "kept.tar.gz");
  const made = at(gateway.dir);
  expect(await backedUp([file], made)).toMatchObject({ status: 0 });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  await (await gateway.post("/v1/chat/completions", chat())).text();

  const machine = scratch();
  const place = at(machine);
  expect(await restored([file, "--yes"], place)).toMatchObject({ status: 0 });
  expect(readdirSync(machine).toSorted()).toEqual(["gateway.db", "users.json"]);
  expect(readRows(join(machine, "gateway.db"))).toEqual(gateway.rows().slice(0, 3));
  expect(readFileSync(join(machine, "users.json"))).toEqual(readFileSync(gateway.usersFile));
});

test("restored where the environment is not complete yet", async () => {
  const gateway = await used(1);
  const file = join(scratch(), "kept.tar.gz");
  await backedUp([file], at(gateway.dir));
  const machine = scratch();
  writeFileSync(join(machine, "config.yaml"), `upstream_api_key: \${NOT_SET_HERE}\n`);
  const place = at(machine);
  expect(await restored([file, "--yes"], place)).toMatchObject({ status: 0 });
});

test("the config file in force is kept, wherever it stands, and comes back to where it is read", async () => {
  const gateway = await used(1);
  const file = join(scratch(), "kept.tar.gz");
  const config = join(gateway.dir, "ours.yaml");
  writeFileSync(config, "max_queue: 7\n");
  const made = at(gateway.dir);
  expect(
    await backedUp([file], { ...made, env: { ...made.env, CONFIG_FILE: config } }),
  ).toMatchObject({ status: 0 });
  const machine = scratch();
  const place = at(machine);
  expect(await restored([file, "--yes"], place)).toMatchObject({ status: 0 });
  expect(readFileSync(join(machine, "data/config.yaml"), "utf8")).toBe("max_queue: 7\n");
});

test("ordinary tar reads it", async () => {
  const gateway = await used(1);
  const file = join(scratch(), "kept.tar.gz");
  await backedUp([file], at(gateway.dir));
  const listed = execFileSync("tar", ["-tzf", file], { encoding: "utf8" });
  expect(listed.trim().split("\n")).toEqual(["manifest.json", "users.json", "gateway.db"]);
  const users = execFileSync("tar", ["-xzOf", file, "users.json"]);
  expect(users).toEqual(readFileSync(gateway.usersFile));
});

test("without a name it goes to backups/ beside the ledger, and leaves nothing else", async () => {
  const gateway = await used(1);
  const before = readdirSync(gateway.dir);
  const place = at(gateway.dir);
  const { status, out } = await backedUp([], place);
  expect(status).toBe(0);
  expect(out).toMatch(/backups\/llm-gateway-\d{8}-\d{6}\.tar\.gz$/);
  expect(readdirSync(gateway.dir).filter((name) => !before.includes(name))).toEqual(["backups"]);
});

test("a gateway that runs is not restored under its feet", async () => {
  const gateway = await used(1);
  const file = join(scratch(), "kept.tar.gz");
  await backedUp([file], at(gateway.dir));
  const place = at(gateway.dir);
  const { status, said } = await restored([file, "--yes"], place);
  expect(status).toBe(1);
  expect(said).toContain("stop it first");
});

test("what stood there is moved aside whole, with its write-ahead log", async () => {
  const gateway = await used(2);
  const file = join(scratch(), "kept.tar.gz");
  await backedUp([file], at(gateway.dir));
  const machine = scratch();
  // As a killed gateway leaves it.
  for (const name of ["gateway.db", "gateway.db-wal", "users.json"]) {
    copyFileSync(join(gateway.dir, name), join(machine, name));
  }
  const place = at(machine);
  expect(await restored([file, "--yes"], place)).toMatchObject({ status: 0 });
  const aside = readdirSync(machine).find((name) => name.startsWith("before-restore-")) ?? "";
  expect(readRows(join(machine, aside, "gateway.db"))).toHaveLength(2);
  expect(readRows(join(machine, "gateway.db"))).toHaveLength(2);
});

test.each<[string, (whole: Buffer) => Buffer, string]>([
  ["cut off", (whole) => whole.subarray(0, whole.length - 500), "the backup is damaged"],
  ["of another program", () => Buffer.from("hello"), "is not a backup of llm-gateway"],
  ["something else, packed", () => gzipSync("hello"), "is not a backup of llm-gateway"],
  ["empty", () => Buffer.alloc(0), "is not a backup of llm-gateway"],
  [
    "damaged",
    (whole) => Buffer.from(whole.map((byte, at) => (at === 300 ? byte ^ 255 : byte))),
    "",
  ],
])("a file that is %s changes nothing", async (_, spoil, says) => {
  const gateway = await used(1);
  const dir = scratch();
  const file = join(dir, "kept.tar.gz");
  await backedUp([file], at(gateway.dir));
  writeFileSync(file, spoil(readFileSync(file)));
  const machine = scratch();
  writeFileSync(join(machine, "users.json"), '{"sk-mine":"me"}');
  const place = at(machine);
  const { status, said } = await restored([file, "--yes"], place);
  expect(status).toBe(1);
  expect(said).toContain(says);
  expect(said).toMatch(/^restore: [^\n]+$/);
  expect(readdirSync(machine)).toEqual(["users.json"]);
  expect(readFileSync(join(machine, "users.json"), "utf8")).toContain("sk-mine");
});

test("what is no backup leaves no folder behind, and a file that is not there is said so", async () => {
  const machine = scratch();
  const file = join(machine, "notes.txt");
  writeFileSync(file, "hello");
  const place = at(machine, { DATABASE_FILE: join(machine, "new", "data", "gateway.db") });
  const said = "restore: this file is not a backup of llm-gateway";
  expect(await restored([file, "--yes"], place)).toEqual({ status: 1, out: "", said });
  for (const flags of [["--yes"], []]) {
    const none = await restored([join(machine, "none"), ...flags], place);
    expect(none).toMatchObject({ status: 1, said: expect.stringContaining("there is no file") });
  }
  expect(readdirSync(machine)).toEqual(["notes.txt"]);
});

test("a backup of an earlier version, which wrote its archives itself, is restored whole", async () => {
  const machine = scratch();
  const place = at(machine);
  const old = join(import.meta.dirname, "../test/fixtures/backup-before-modern-tar.tar.gz");
  expect(await restored([old, "--yes"], place)).toMatchObject({ status: 0 });
  const rows = readRows(join(machine, "gateway.db"));
  expect(rows).toMatchObject([
    { user: "alice", state: "done" },
    { user: "bob", state: "done" },
  ]);
  expect(readFileSync(join(machine, "data/config.yaml"), "utf8")).toBe("max_queue: 7\n");
  const users = parseUsers(readFileSync(join(machine, "users.json"), "utf8"));
  expect(users.find(digestOf("made-up-key-of-alice"))).toMatchObject({ user: "alice" });
});

test("an archive that would write elsewhere is refused", async () => {
  const dir = scratch();
  writeFileSync(join(dir, "manifest.json"), "{}");
  writeFileSync(join(dir, "evil"), "x");
  const file = join(dir, "evil.tar.gz");
  const flags = [
    "-czf",
    file,
    "-C",
    dir,
    "--format=ustar",
    "--transform",
    "s,^evil,../evil,",
    "-P",
  ];
  execFileSync("tar", [...flags, "manifest.json", "evil"]);
  const machine = scratch();
  const place = at(machine);
  const { status, said } = await restored([file, "--yes"], place);
  expect(status).toBe(1);
  expect(said).toContain("not a backup of llm-gateway");
  expect(readdirSync(machine)).toEqual([]);
});

test("files that exist are replaced only with --yes, or if the person at the terminal says so", async () => {
  const gateway = await used(1);
  const file = join(scratch(), "kept.tar.gz");
  await backedUp([file], at(gateway.dir));
  const machine = scratch();
  writeFileSync(join(machine, "users.json"), '{"sk-mine":"me"}');
  const refused = await restored([file], at(machine));
  expect(refused.status).toBe(2);
  expect(refused.said).toMatch(/was not changed; to replace its files add --yes$/);
  expect(await restored([file], { ...at(machine), answer: "n" })).toMatchObject({ status: 2 });
  expect(readdirSync(machine)).toEqual(["users.json"]);
  expect(await restored([file], { ...at(machine), answer: "y" })).toMatchObject({ status: 0 });
});

test("an empty folder needs no --yes", async () => {
  const gateway = await used(1);
  const file = join(scratch(), "kept.tar.gz");
  await backedUp([file], at(gateway.dir));
  const machine = scratch();
  expect(await restored([file], at(machine))).toMatchObject({ status: 0 });
  expect(readdirSync(machine).toSorted()).toEqual(["gateway.db", "users.json"]);
});

test.each<[Command, string[], string]>([
  [backup, ["a", "b"], "backup: too many arguments: backup [FILE]"],
  [restore, [], "restore: FILE is missing: restore FILE"],
  [restore, ["a", "b"], "restore: too many arguments: restore FILE"],
  [restore, ["a", "--no"], "restore: unknown option --no; there are --yes"],
  [backup, ["--all"], "backup: unknown option --all; there are none"],
])(
  "a wrong command line of $name (%j) is told what is right, and exits with 2",
  async (...given) => {
    const [command, argv, said] = given;
    expect(await runCommand(command, argv, at(scratch()))).toEqual({ status: 2, out: "", said });
  },
);

test("a backup into a folder that is not there is refused, and makes none", async () => {
  const machine = scratch();
  writeFileSync(join(machine, "users.json"), "{}");
  const ran = await backedUp([join(machine, "none", "kept.tar.gz")], at(machine));
  expect(ran).toMatchObject({ status: 1, said: expect.stringContaining("there is no folder") });
  expect(readdirSync(machine)).toEqual(["users.json"]);
});

test("a folder with nothing to keep is an error, not a wrong command line", async () => {
  expect(await backedUp([], at(scratch()))).toMatchObject({ status: 1 });
});

test("a fault of the program is not reported as a wrong command line", async () => {
  const now = (): number => {
    throw new TypeError("a made-up fault");
  };
  const gateway = await used(1);
  const said = "backup: a made-up fault";
  expect(await backedUp([], { ...at(gateway.dir), now })).toMatchObject({ status: 1, said });
});
