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
import { expect, test } from "vitest";
import { createFirstUsersFile } from "./first-users-file.ts";
import { digestOf } from "./key.ts";
import { parseUsers } from "./snapshot.ts";

const prefix = join(tmpdir(), "first-users-file-");
const user = "admin";

function mode(path: string): number {
  return statSync(path).mode & 0o7777;
}

test("on a terminal the key is handed over to be shown, and waits in its file too", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "data", "users.json");
  const first = await createFirstUsersFile({ file, user, isTerminal: true });
  const keyFile = join(folder.path, "data", "first-key");
  expect(first).toEqual({ user, key: expect.stringMatching(/^sk-[0-9a-f]{32}$/), keyFile });
  expect(readFileSync(keyFile, "utf8")).toBe(`${first?.key}\n`);
  const text = readFileSync(file, "utf8");
  expect(text).not.toContain(first?.key);
  expect(parseUsers(text).find(digestOf(first?.key ?? ""))).toMatchObject({ user, role: "admin" });
  expect(readdirSync(join(folder.path, "data"))).toEqual(["first-key", "users.json"]);
  const folders = join(folder.path, "data");
  expect([mode(file), mode(keyFile), mode(folders)]).toEqual([0o600, 0o600, 0o700]);
});

test("without a terminal the key goes to a file of its owner's, not into a log", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  const keyFile = join(folder.path, "first-key");
  writeFileSync(keyFile, "older", { mode: 0o644 });
  chmodSync(keyFile, 0o644);
  const first = await createFirstUsersFile({ file, user, isTerminal: false });
  expect(first).toEqual({ user, key: null, keyFile });
  const key = readFileSync(keyFile, "utf8").trim();
  expect(parseUsers(readFileSync(file, "utf8")).find(digestOf(key))?.role).toBe("admin");
  expect([mode(file), mode(keyFile)]).toEqual([0o600, 0o600]);
});

test.each(["{}", "", '{"sk-abc123": "alice"}'])("an existing file stays: %j", async (text) => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  writeFileSync(file, text);
  expect(await createFirstUsersFile({ file, user, isTerminal: false })).toBeNull();
  expect(readFileSync(file, "utf8")).toBe(text);
  expect(existsSync(join(folder.path, "first-key"))).toBe(false);
});

test("of several gateways starting at once, one makes the key that works", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  const starts = Array.from({ length: 5 }, () =>
    createFirstUsersFile({ file, user, isTerminal: false }),
  );
  const made = (await Promise.all(starts)).filter((first) => first !== null);
  expect(made).toHaveLength(1);
  const users = parseUsers(readFileSync(file, "utf8"));
  expect(users.keys).toBe(1);
  const key = readFileSync(join(folder.path, "first-key"), "utf8").trim();
  expect(users.find(digestOf(key))).not.toBeNull();
});
