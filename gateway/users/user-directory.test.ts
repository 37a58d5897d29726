import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempDisposableSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { digestOf, newKey } from "./key.ts";
import { createUserDirectory, type UserDirectory } from "./user-directory.ts";

const prefix = join(tmpdir(), "user-directory-");

function userOf(directory: UserDirectory, key: string): string | null {
  return directory.read().find(digestOf(key))?.user ?? null;
}

function open(file: string, apiKey: string | null = null) {
  const told: (string | null)[] = [];
  const onTrouble = (message: string | null) => void told.push(message);
  // Here each reading is in a turn of its own.
  let turns = 0;
  const turn = () => turns++;
  const directory = createUserDirectory({ file, apiKey, apiUser: "admin", onTrouble, turn });
  return { directory, told };
}

test("an edit counts from the next reading", () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  const [one, two] = [newKey(), newKey()];
  writeFileSync(file, JSON.stringify({ [one]: "alice" }));
  const { directory, told } = open(file);
  expect(userOf(directory, one)).toBe("alice");
  expect(userOf(directory, two)).toBeNull();
  writeFileSync(file, JSON.stringify({ [two]: "bob" }));
  expect(userOf(directory, one)).toBeNull();
  expect(userOf(directory, two)).toBe("bob");
  writeFileSync(file, "{}");
  expect(userOf(directory, two)).toBeNull();
  expect(directory.state()).toEqual({ ok: true, error: null, keys: 0, users: 0, source: "file" });
  expect(told).toEqual([]);
});

test("readings in one turn of the event loop share a look, and the next turn's looks again", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  const [one, two] = [newKey(), newKey()];
  writeFileSync(file, JSON.stringify({ [one]: "alice" }));
  const directory = createUserDirectory({ file, apiKey: null, apiUser: "admin" });
  for (const [key, other] of [
    [two, one],
    [one, two],
  ] as const) {
    await new Promise((resolve) => setImmediate(resolve));
    expect(userOf(directory, other)).toBe("alice");
    writeFileSync(file, JSON.stringify({ [key]: "alice" }));
    expect(userOf(directory, other)).toBe("alice");
    await new Promise((resolve) => setImmediate(resolve));
    expect(userOf(directory, key)).toBe("alice");
    expect(userOf(directory, other)).toBeNull();
  }
});

test("unchanged bytes are the same snapshot, not parsed again", () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  writeFileSync(file, '{"sk-abc123": "alice"}');
  const { directory } = open(file);
  const before = directory.read();
  writeFileSync(`${file}.new`, '{"sk-abc123": "alice"}');
  renameSync(`${file}.new`, file);
  expect(directory.read()).toBe(before);
});

test("a half-written, broken or empty file shuts nobody out, and is told once", () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  const key = newKey();
  const text = JSON.stringify({ [key]: "alice", [newKey()]: "bob" });
  writeFileSync(file, text);
  const { directory, told } = open(file);
  for (let length = 0; length < text.length; length++) {
    writeFileSync(file, text.slice(0, length));
    expect(userOf(directory, key)).toBe("alice");
  }
  directory.read();
  expect(directory.state()).toMatchObject({ ok: false, keys: 2, users: 2, source: "file" });
  expect(directory.state().error).toMatch(/users\.json: the JSON ends too early \(line 1, /);
  const messages = told.length;
  directory.read();
  expect(told).toHaveLength(messages);
  expect(told.join()).not.toContain(key.slice(0, 8));
  writeFileSync(file, text);
  directory.read();
  expect(told.at(-1)).toBeNull();
  expect(directory.state()).toMatchObject({ ok: true, error: null });
});

test("an unreadable file shuts nobody out, and is seen when it is back", () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  writeFileSync(file, '{"sk-abc123": "alice"}');
  const { directory, told } = open(file);
  rmSync(file);
  mkdirSync(file);
  expect(userOf(directory, "sk-abc123")).toBe("alice");
  expect(told).toEqual([`users file ${file}: cannot be read (EISDIR)`]);
  rmSync(file, { recursive: true });
  writeFileSync(file, '{"sk-abc123": "alice"}');
  directory.read();
  expect(told.at(-1)).toBeNull();
});

test("a deleted file leaves API_KEY's one administrator, else nobody", () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  const apiKey = newKey();
  writeFileSync(file, '{"sk-abc123": "alice"}');
  const { directory: withKey } = open(file, apiKey);
  const { directory: without } = open(file);
  expect(userOf(withKey, apiKey)).toBeNull();
  rmSync(file);
  expect(userOf(withKey, apiKey)).toBe("admin");
  expect(userOf(withKey, "sk-abc123")).toBeNull();
  expect(withKey.state()).toMatchObject({ ok: true, source: "api_key", keys: 1 });
  expect(userOf(without, "sk-abc123")).toBeNull();
  expect(without.state()).toMatchObject({ ok: true, source: "nobody", keys: 0 });
  writeFileSync(file, '{"sk-abc123": "alice"}');
  expect(userOf(withKey, apiKey)).toBeNull();
  expect(userOf(withKey, "sk-abc123")).toBe("alice");
});

test("a file that appears broken or empty beside API_KEY leaves that in force; {} is nobody", () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  const apiKey = newKey();
  const { directory, told } = open(file, apiKey);
  for (const text of ["", "[]", '{"sk-abc123": "ali']) {
    writeFileSync(file, text);
    expect(userOf(directory, apiKey)).toBe("admin");
    expect(directory.state()).toMatchObject({ ok: false, source: "api_key" });
  }
  expect(told.length).toBeGreaterThan(0);
  for (const text of ["{}", ""]) {
    writeFileSync(file, text);
    expect(userOf(directory, apiKey)).toBeNull();
  }
  rmSync(file);
  expect(userOf(directory, apiKey)).toBe("admin");
});

test.each([
  ["empty", "", "the file is empty (line 1, column 1)"],
  ["broken", '{"sk-abc123": "alice",}', "not valid JSON (line 1, column 23)"],
  ["UTF-16", Buffer.from('\uFEFF{"sk-abc123": "alice"}', "utf16le"), "the file is not UTF-8 text"],
])("a file that is %s at the start stops it with one line", (_kind, content, reason) => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  writeFileSync(file, content);
  expect(() => open(file)).toThrow(new Error(`users file ${file}: ${reason}`));
});

test("a folder in its place stops the start", () => {
  using folder = mkdtempDisposableSync(prefix);
  expect(() => open(folder.path)).toThrow("cannot be read (EISDIR)");
});

/** Two hundred edits by another process; each prints the key it added. */
const EDITOR = `
  const [file, folder] = process.argv.slice(1);
  const { addKey } = await import(folder + "add-key.ts");
  const { editUsersFile } = await import(folder + "edit-users-file.ts");
  for (let turn = 0; turn < 200; turn++) {
    const key = "sk-added-" + turn;
    await editUsersFile(file, (rows) => addKey(rows, key, { user: "bob" }, turn % 2 === 0));
    console.log(key);
  }`;

test("editing under load never gives one wrong answer", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "users.json");
  const constant = newKey();
  writeFileSync(file, JSON.stringify({ [constant]: "alice" }));
  const { directory, told } = open(file);
  const flags = ["--input-type=module", "-e", EDITOR, file, new URL(".", import.meta.url).href];
  const editor = spawn(process.execPath, flags, { stdio: ["ignore", "pipe", "inherit"] });
  let wrong = 0;
  let readings = 0;
  let known = 1;
  editor.stdout.on("data", (chunk) => {
    for (const key of String(chunk).trim().split("\n")) {
      if (userOf(directory, key) !== "bob") wrong++;
    }
  });
  const ended = once(editor, "close");
  while (editor.exitCode === null) {
    if (userOf(directory, constant) !== "alice" || userOf(directory, "sk-none") !== null) wrong++;
    if (directory.state().keys < known) wrong++;
    known = directory.state().keys;
    readings++;
    await new Promise(setImmediate);
  }
  expect(await ended).toEqual([0, null]);
  expect(readings).toBeGreaterThan(200);
  expect({ wrong, told, known: directory.read().keys }).toEqual({ wrong: 0, told: [], known: 201 });
});
