import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { runCommand } from "../test/support/run-command.ts";
import { createInvites } from "../users/invites.ts";
import { digestOf, newKey } from "../users/key.ts";
import { parseUsers } from "../users/snapshot.ts";
import { users } from "./users.ts";

const prefix = join(tmpdir(), "cli-users-");
const KEY = /^sk-[0-9a-f]{32}$/;
const MAIN = join(import.meta.dirname, "../main.ts");

/** Runs the real command in a process of its own, with a pipe for its input. */
async function run(
  file: string,
  args: string[],
  input = "",
  cwd = process.cwd(),
  more: Record<string, string> = {},
) {
  const flags = [MAIN, "users", ...args];
  const env = { ...process.env, USERS_FILE: file, ...more };
  const child = spawn(process.execPath, flags, { env, cwd });
  // Most commands read no input, and may have ended before it is written (EPIPE).
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [out, err] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, "close"),
  ]);
  return { status: child.exitCode, out: out.trim(), err: err.trim() };
}

function read(file: string) {
  return parseUsers(readFileSync(file, "utf8"));
}

test("add prints a new key once, alone on stdout, and stores it hashed", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "data", "users.json");
  const { status, out, err } = await run(file, ["add", "alice", "--role", "admin"]);
  expect({ status, err }).toEqual({ status: 0, err: expect.stringContaining("only this once") });
  expect(out).toMatch(KEY);
  expect(err).not.toContain(out);
  expect(readFileSync(file, "utf8")).not.toContain(out);
  expect(read(file).find(digestOf(out))).toMatchObject({ user: "alice", role: "admin" });
});

test("a users file inside the working directory is named from there: a container has other paths", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "data", "users.json");
  const added = await run(file, ["add", "alice"], "", folder.path);
  expect(added.err).toMatch(/^alice has a key in data\/users\.json\./);
  const hashed = await run(file, ["hash"], "", folder.path);
  expect(hashed.out).toBe("hashed 0 keys in data/users.json");
});

test("add asks the person at a terminal for the name", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  const given = { answer: "Ann Lee" };
  const { status, out, said } = await runCommand(users, ["add", "--users-file", file], given);
  expect(status).toBe(0);
  expect(said).toMatch(/^Name of the user: \n/);
  expect(out).toMatch(KEY);
  expect(read(file).find(digestOf(out))).toMatchObject({ user: "Ann Lee" });
});

test("add takes everything an entry may say, and --json for scripts", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  const flags = "--expires 2030-01-31 --models qwen*,x --weight 2 --priority=-1 --note hi --json";
  const { out } = await run(file, ["add", "Ann Lee", ...flags.split(" ")]);
  const answer = JSON.parse(out);
  expect(answer).toMatchObject({ user: "Ann Lee", keys: 1, key: expect.stringMatching(KEY) });
  expect(read(file).find(digestOf(answer.key))).toEqual({
    notify: null,
    speaksFor: null,
    digest: digestOf(answer.key),
    user: "Ann Lee",
    role: "user",
    expires: Date.UTC(2030, 0, 31),
    disabled: false,
    models: ["qwen*", "x"],
    weight: 2,
    priority: -1,
    maxConcurrent: null,
    maxQueued: null,
    limits: null,
    hint: answer.hint,
  });
  expect(readFileSync(file, "utf8")).toContain('"note":"hi"');
});

test("a key of one's own comes from standard input and is not shown", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  const own = newKey();
  const { status, out, err } = await run(file, ["add", "bob", "--own-key", "--plain"], `${own}\n`);
  expect({ status, out }).toEqual({ status: 0, out: "" });
  expect(err).not.toContain(own);
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ [own]: "bob" });
  const again = await run(file, ["add", "eve", "--own-key"], own);
  expect(again).toMatchObject({ status: 1, err: "users: that key is in use already" });
  const empty = await run(file, ["add", "eve", "--own-key"], "");
  expect(empty).toMatchObject({ status: 1, err: "users: standard input holds no key" });
});

test.each([
  [["add"], 2, "NAME is missing: users add NAME"],
  [["remove"], 2, "NAME is missing: users remove NAME"],
  [["add", "a", "b"], 2, "too many arguments: users add [NAME] (quote a name with spaces)"],
  [["add", "../x"], 1, "a user's name has"],
  [["add", "a", "--role", "Root"], 1, '"role" must be'],
  [["add", "a", "--expires", "soon"], 1, '"expires" must be'],
  [["add", "a", "--weight", "heavy"], 1, '"weight" must be'],
  [["add", "a", "--key", "sk-secret"], 2, "a key is never an option: --own-key"],
  [["add", "a", "--key=sk-secret"], 2, "a key is never an option: --own-key"],
  [["add", "sk-secret"], 1, "looks like a key"],
  [["remove", "sk-secret"], 1, "no user with that name"],
  [["list", "sk-secret"], 2, "too many arguments: users list"],
  [["rotate", "a", "--grace", "soon"], 2, "--grace must be a time with ms, s, m, h or d"],
  [["sk-secret"], 2, "it takes one of list, add, invite, set"],
  [["constructor"], 2, "it takes one of list, add, invite, set"],
])("%j fails with one line that repeats no secret", async (args, status, message) => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  const result = await run(file, args);
  expect(result).toMatchObject({ status, out: "", err: expect.stringContaining(message) });
  expect(result.err).not.toMatch(/sk-secret|\n/);
  expect(existsSync(file)).toBe(false);
});

test("list and show tell everything but the keys", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  const [plain, old] = [newKey(), newKey()];
  const bob = { user: "bob", role: "admin", expires: "2020-01-01", later: [1] };
  writeFileSync(file, JSON.stringify({ [plain]: "alice", [old]: bob }));
  const outputs = await Promise.all(
    [["list"], ["list", "--json"], ["show", "bob"], ["show", "bob", "--json"]].map((args) =>
      run(file, args),
    ),
  );
  for (const { status, out, err } of outputs) {
    expect({ status, err }).toEqual({ status: 0, err: "" });
    expect(out).toContain(old.slice(0, 7));
    for (const key of [plain, old]) expect(out).not.toContain(key.slice(0, 8));
  }
  expect(outputs[0]?.out).toMatch(
    /\nalice {2}\S+ {2}user {3}active\nbob {4}\S+ {2}admin {2}expired/,
  );
  const [alice, other] = JSON.parse(outputs[1]?.out ?? "");
  expect(alice).toMatchObject({ user: "alice", max_concurrent: null, max_queued: null });
  expect(other).toMatchObject({ later: [1] });
  expect(
    Object.keys(other).filter((name) => /[A-Z]/.test(name)),
    "as the file has it",
  ).toEqual([]);
  expect(JSON.parse(outputs[3]?.out ?? "")).toMatchObject({ user: "bob", keys: [shownBob()] });
});

function shownBob() {
  return { state: "expired", stored: "plain", role: "admin", expires: "2020-01-01T00:00:00.000Z" };
}

test("remove takes all of a person's keys and says how many", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  const object = '{"user": "alice", "disabled": true}';
  writeFileSync(file, `{"sk-1": "alice", "sk-2": "bob", "sk-3": "alice", "sk-4": ${object}}`);
  expect(await run(file, ["remove", "alice"])).toMatchObject({ out: "removed 3 keys of alice" });
  expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({ "sk-2": "bob" });
  const json = await run(file, ["remove", "bob", "--json"]);
  expect(JSON.parse(json.out)).toEqual({ user: "bob", removed: 1, file });
});

test("rotate, disable, enable and hash work on the file as it is", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  const old = newKey();
  writeFileSync(file, JSON.stringify({ [old]: "alice" }));
  chmodSync(file, 0o640);
  const { out: key } = await run(file, ["rotate", "alice", "--grace", "2h"]);
  expect(read(file).find(digestOf(key))).toMatchObject({ user: "alice", expires: null });
  const hours = ((read(file).find(digestOf(old))?.expires ?? 0) - Date.now()) / 3_600_000;
  expect(hours).toBeGreaterThan(1.9);
  expect(await run(file, ["disable", "alice"])).toMatchObject({ out: "disabled 2 keys of alice" });
  expect(read(file).find(digestOf(key))?.disabled).toBe(true);
  await run(file, ["enable", "alice", `--hint=${key.slice(0, 7)}`]);
  expect(read(file).find(digestOf(key))?.disabled).toBe(false);
  expect(await run(file, ["hash"])).toMatchObject({ out: `hashed 1 key in ${file}` });
  expect(readFileSync(file, "utf8")).not.toContain(old);
  expect(statSync(file).mode & 0o7777).toBe(0o640);
});

test("two processes adding and removing at once lose nothing", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  writeFileSync(file, '{"sk-stays": {"user": "zoe", "later": 1}, "sk-goes": "gone"}');
  const one = async (name: string) => {
    const keys: string[] = [];
    for (let turn = 0; turn < 8; turn++) keys.push((await run(file, ["add", name])).out);
    return keys;
  };
  const [alices, bobs, removed] = await Promise.all([
    one("alice"),
    one("bob"),
    run(file, ["remove", "gone"]),
  ]);
  expect(removed.status).toBe(0);
  const users = read(file);
  expect(users).toMatchObject({ keys: 17, users: 3 });
  for (const key of alices) expect(users.find(digestOf(key))?.user).toBe("alice");
  for (const key of bobs) expect(users.find(digestOf(key))?.user).toBe("bob");
  expect(readFileSync(file, "utf8")).toContain('{"user": "zoe", "later": 1}');
  expect(readdirSync(folder.path)).toEqual(["users.json"]);
});

test("a broken file is refused with its place, and stays", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  writeFileSync(file, '{"sk-abc123": "alice"');
  for (const args of [["add", "bob"], ["remove", "alice"], ["list"], ["hash"]]) {
    const { status, err } = await run(file, args);
    expect({ status, err }).toEqual({
      status: 1,
      err: `users: users file ${file}: the JSON ends too early (line 1, column 22)`,
    });
  }
  expect(readFileSync(file, "utf8")).toBe('{"sk-abc123": "alice"');
});

test("--users-file names another file; --help tells every subcommand", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "other.json");
  await run(join(folder.path, "users.json"), ["add", "--users-file", file, "alice"]);
  expect(readdirSync(folder.path)).toEqual(["other.json"]);
  const before = await run(file, ["--users-file", file, "list"]);
  expect(before.out).toMatch(/\nalice /);
  const { status, out } = await run(file, ["--help"]);
  expect(status).toBe(0);
  for (const word of ["list", "add", "remove", "rotate", "disable", "show", "hash", "--json"]) {
    expect(out).toContain(word);
  }
});

test("a variable of config.yaml that this shell lacks does not stop users add", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const config = `upstreams: { cloud: { url: 'https://127.0.0.1:1', key: '\${NOT_SET_HERE}' } }\n`;
  writeFileSync(join(folder.path, "config.yaml"), config);
  const file = join(folder.path, "users.json");
  const here = (...args: string[]) => run(file, args, "", folder.path);
  expect(await here("add", "alice")).toMatchObject({ status: 0, out: expect.stringMatching(KEY) });
  expect(await here("list")).toMatchObject({ status: 0, err: "" });
  expect(await here("remove", "alice")).toMatchObject({ status: 0 });
});

test("set changes fields of a user, and default removes one", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  await run(file, ["add", "alice", "--weight", "3"]);
  const set = ["set", "alice", "--weight", "2", "--priority", "1", "--role", "admin"];
  const { status, out } = await run(file, [...set, "--max-concurrent", "4"]);
  expect([status, out]).toEqual([0, "set role, weight, priority, max_concurrent of alice (1 key)"]);
  const shown = async () => JSON.parse((await run(file, ["show", "alice", "--json"])).out).keys[0];
  const now = { weight: 2, priority: 1, role: "admin", max_concurrent: 4 };
  expect(await shown()).toMatchObject(now);
  await run(file, ["set", "alice", "--weight", "default", "--role", "student"]);
  expect(await shown()).toMatchObject({ ...now, weight: 1, role: "student" });
  for (const wrong of [["--weight", "heavy"], ["--role", "Boss"], []]) {
    const before = await shown();
    expect((await run(file, ["set", "alice", ...wrong])).status).not.toBe(0);
    expect(await shown()).toEqual(before);
  }
});

test.each([
  [["--tokens", "100k/day"], { tokens_per_day: 100_000 }],
  [["--tokens", "2M/month"], { tokens_per_month: 2_000_000 }],
  [["--tokens", "5k/10m"], { tokens: { max: 5_000, window: "10m" } }],
  [["--tokens", "off"], { tokens: null }],
  [["--requests", "100"], { requests: 100 }],
  [
    ["--requests", "100/day", "--mode", "slow"],
    { mode: "slow", requests: { max: 100, window: "24h" } },
  ],
  [["--seconds", "1800/6h"], { upstream_seconds: { max: 1_800, window: "6h" } }],
  [["--cost", "2.5/day"], { cost_per_day: 2.5 }],
])("limits %j writes them", async (flags, limits) => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  await run(file, ["add", "alice"]);
  expect(JSON.parse((await run(file, ["limits", "alice", ...flags, "--json"])).out)).toEqual({
    user: "alice",
    limits,
  });
  // A second call keeps what it does not name.
  await run(file, ["limits", "alice", "--cost", "9"]);
  const { out } = await run(file, ["limits", "alice", "--json"]);
  expect(JSON.parse(out).limits).toEqual({ ...limits, cost: 9 });
  expect((await run(file, ["limits", "alice", "--clear"])).out).toBe(
    "alice has no limits of their own",
  );
});

test.each([
  ["--tokens", "many"],
  ["--tokens", "5/fortnight"],
  ["--mode", "sometimes"],
])("limits %s %s is refused, and changes nothing", async (...flags) => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  await run(file, ["add", "alice"]);
  const { status } = await run(file, ["limits", "alice", ...flags]);
  expect(status).toBe(2);
  expect(JSON.parse((await run(file, ["limits", "alice", "--json"])).out).limits).toBeNull();
});

test("invite prints a link alone on stdout, which makes the user once, and stores only its hash", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  const flags = ["--weight", "2", "--url", "http://box:8000/v1"];
  const { out, err, status } = await run(file, ["invite", "erin", ...flags]);
  expect({ out, status }).toEqual({
    out: expect.stringMatching(/^http:\/\/box:8000\/#invite=/),
    status: 0,
  });
  expect(err).toContain("erin gets a key by this link");
  const secret = out.split("#invite=")[1] ?? "";
  expect(readFileSync(join(folder.path, "invites.json"), "utf8")).not.toContain(secret);
  const { key } = await createInvites(file).redeem(secret, Date.now());
  expect(read(file).find(digestOf(key))).toMatchObject({ user: "erin", weight: 2, role: "user" });
  await expect(createInvites(file).redeem(secret, Date.now())).rejects.toThrow("no such invite");
  const again = await run(file, ["invite", "erin"]);
  expect([again.status, again.err]).toEqual([1, expect.stringContaining("There is a user")]);
});

test.each([
  [{ LAN_ADDRESS: "192.0.2.7" }, "http://192.0.2.7:8123/#invite=", false],
  [{ LAN_ADDRESS: "" }, "http://localhost:8123/#invite=", true],
  [{ LAN_ADDRESS: "192.0.2.7", PUBLIC_URL: "https://box.example" }, "https://box.example/", false],
  [{ PUBLISHED_PORT: "", HOST: "127.0.0.1", PORT: "8124" }, "http://127.0.0.1:8124/", true],
  [{ PUBLISHED_PORT: "", HOST: "192.0.2.9", PORT: "8124" }, "http://192.0.2.9:8124/", false],
])("invite with %j has a link to %s", async (env, link, isDoubtful) => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  const all = { PUBLISHED_PORT: "8123", ...env };
  const { out, err } = await run(file, ["invite", "erin"], "", folder.path, all);
  expect(out.slice(0, link.length)).toBe(link);
  expect(err.includes("Only this machine can open it")).toBe(isDoubtful);
});

test("add makes a key that speaks for people", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  const flags = ["--speaks-for", "open-webui", "--signed", "WEBUI_JWT_SECRET"];
  const { out, err } = await run(file, ["add", "webui", ...flags]);
  expect(read(file).find(digestOf(out))?.speaksFor).toMatchObject({
    ...{ header: "x-openwebui-user-jwt", secretEnv: "WEBUI_JWT_SECRET", issuer: "open-webui" },
  });
  // The two lines for .env; the secret only while there is none.
  expect(err).toContain(`  WEBUI_KEY=${out.trim()}\n`);
  expect(err).toMatch(/\n {2}WEBUI_JWT_SECRET=[0-9a-f]{64}\n/);
  const wrong = await run(file, ["add", "chat", "--speaks-for", "chatgpt"]);
  expect([wrong.status, wrong.err]).toEqual([
    1,
    expect.stringContaining("open-webui or librechat"),
  ]);
});
