import {
  existsSync,
  lstatSync,
  mkdtempDisposableSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { addKey } from "./add-key.ts";
import { removeKeys, setDisabled } from "./change-keys.ts";
import { editUsersFile, readUsersFile } from "./edit-users-file.ts";
import { parseUsers } from "./snapshot.ts";
import type { UserRow } from "./users-document.ts";

const prefix = join(tmpdir(), "edit-users-file-");
const bob = { user: "bob", hint: null };

test("order, spelling and unknown fields of what is not edited stay", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  writeFileSync(
    file,
    '{ "z": "zoe", "42": {"user":"bob", "later": {"n": 9007199254740993}},\n"a": "bob", "7": "eve"}',
  );
  await editUsersFile(file, (rows) => addKey(rows, "sk-new", { user: "dan" }, true));
  expect(readFileSync(file, "utf8")).toBe(
    '{\n  "z": "zoe",\n  "42": {"user":"bob", "later": {"n": 9007199254740993}},\n' +
      '  "a": "bob",\n  "7": "eve",\n  "sk-new": "dan"\n}\n',
  );
});

test("an edited entry keeps its place and its unknown fields", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  writeFileSync(file, '{"b": {"user": "bob", "later": [1]}, "a": "bob", "z": "zoe"}');
  expect(await editUsersFile(file, (rows) => setDisabled(rows, bob, true))).toBe(2);
  expect(readUsersFile(file)).toEqual([
    { name: "b", raw: '{"user":"bob","later":[1],"disabled":true}' },
    { name: "a", raw: '{"user":"bob","disabled":true}' },
    { name: "z", raw: '"zoe"' },
  ]);
  await editUsersFile(file, (rows) => setDisabled(rows, bob, false));
  expect(readUsersFile(file)[1]).toEqual({ name: "a", raw: '"bob"' });
});

test("removing the last key leaves {}: nobody, not a broken file", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  writeFileSync(file, '{"a": "bob"}');
  expect(await editUsersFile(file, (rows) => removeKeys(rows, bob))).toBe(1);
  expect(parseUsers(readFileSync(file, "utf8")).keys).toBe(0);
});

test.each(["", '{"sk-abc123": "alice",}', '{"sk-abc123": 5}', "[]"])(
  "a broken file is refused and stays as it is: %j",
  async (text) => {
    using folder = mkdtempDisposableSync(prefix);
    const file = join(folder.path, "users.json");
    writeFileSync(file, text);
    const edit = editUsersFile(file, (rows) => addKey(rows, "k", { user: "x" }, true));
    await expect(edit).rejects.toThrow(/^users file .*users\.json: [^\n]*line 1, column/);
    await expect(edit).rejects.not.toThrow("sk-abc");
    expect(readFileSync(file, "utf8")).toBe(text);
    expect(readdirSync(folder.path)).toEqual(["users.json"]);
  },
);

test("what the gateway would refuse is never written", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  writeFileSync(file, "{}");
  const wrong: UserRow[] = [{ name: "k", raw: '{"user": 5}' }];
  await expect(editUsersFile(file, () => ({ rows: wrong, result: 0 }))).rejects.toThrow('"user"');
  expect(readFileSync(file, "utf8")).toBe("{}");
});

test("an edit that changes nothing writes nothing", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  writeFileSync(file, '{ "a":   "bob" }');
  await editUsersFile(file, (rows) => ({ rows, result: null }));
  expect(readFileSync(file, "utf8")).toBe('{ "a":   "bob" }');
});

test("what an editor without our lock saved meanwhile is not lost", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  writeFileSync(file, '{"a": "bob"}');
  const edit = editUsersFile(file, (rows) => {
    writeFileSync(file, '{"by": "hand"}');
    return removeKeys(rows, bob);
  });
  await expect(edit).rejects.toThrow("changed by another");
  expect(readFileSync(file, "utf8")).toBe('{"by": "hand"}');
});

test("a linked users file is edited where it lies", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const [real, link] = [join(folder.path, "real.json"), join(folder.path, "users.json")];
  writeFileSync(real, "{}");
  symlinkSync("real.json", link);
  await editUsersFile(link, (rows) => addKey(rows, "sk-new", { user: "dan" }, true));
  expect(lstatSync(link).isSymbolicLink()).toBe(true);
  expect(readFileSync(real, "utf8")).toContain("dan");
});

test("a file that is not there is made, with its folder, for its owner only", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "data", "users.json");
  expect(readUsersFile(file)).toEqual([]);
  expect(existsSync(join(folder.path, "data"))).toBe(false);
  await editUsersFile(file, (rows) => addKey(rows, "sk-new", { user: "dan" }, false));
  expect(statSync(file).mode & 0o7777).toBe(0o600);
  expect(statSync(join(folder.path, "data")).mode & 0o7777).toBe(0o700);
  expect(readFileSync(file, "utf8")).not.toContain('sk-new"');
});
