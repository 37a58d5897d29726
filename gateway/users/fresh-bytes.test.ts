import {
  appendFileSync,
  mkdirSync,
  mkdtempDisposableSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createFreshBytes } from "./fresh-bytes.ts";

const prefix = join(tmpdir(), "fresh-bytes-");

test("bytes are told once, and again after each change", () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "f");
  const bytes = createFreshBytes(file);
  expect(bytes.look()).toBe("missing");
  expect(bytes.look()).toBe("same");
  writeFileSync(file, "one");
  expect(String(bytes.look())).toBe("one");
  expect(bytes.look()).toBe("same");
  writeFileSync(file, "two");
  expect(String(bytes.look())).toBe("two");
  writeFileSync(`${file}.new`, "six");
  renameSync(`${file}.new`, file);
  expect(String(bytes.look())).toBe("six");
  rmSync(file);
  expect(bytes.look()).toBe("missing");
});

test("a small change that keeps size and time stamp is seen", () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "f");
  writeFileSync(file, "alice");
  const { atime, mtime } = statSync(file);
  const bytes = createFreshBytes(file);
  bytes.look();
  writeFileSync(file, "carol");
  utimesSync(file, atime, mtime);
  expect(String(bytes.look())).toBe("carol");
});

test.each([65_535, 65_536, 65_537, 200_000])("a file of %i bytes is read whole", (size) => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "f");
  writeFileSync(file, "x".repeat(size));
  const bytes = createFreshBytes(file);
  expect(bytes.look()).toHaveLength(size);
  expect(bytes.look()).toBe("same");
  appendFileSync(file, "y");
  expect(bytes.look()).toHaveLength(size + 1);
  writeFileSync(file, "small");
  expect(String(bytes.look())).toBe("small");
});

test("large edits within one clock tick are all seen: a fresh stat is not trusted", () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "f");
  writeFileSync(file, "?".repeat(70_000));
  const bytes = createFreshBytes(file);
  for (let turn = 0; turn < 50; turn++) {
    const text = String.fromCharCode(65 + (turn % 26)).repeat(70_000);
    writeFileSync(file, text);
    expect(String(bytes.look()) === text).toBe(true);
    expect(bytes.look()).toBe("same");
  }
});

test("a settled large file is judged by its stat", () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "f");
  writeFileSync(file, "x".repeat(70_000));
  const bytes = createFreshBytes(file, () => Date.now() + 60_000);
  bytes.look();
  expect(bytes.look()).toBe("same");
  writeFileSync(`${file}.new`, "y".repeat(70_000));
  renameSync(`${file}.new`, file);
  expect(String(bytes.look()).startsWith("y")).toBe(true);
});

test("a folder in the place of the file is an error, every time", () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "f");
  mkdirSync(file);
  const bytes = createFreshBytes(file);
  expect(() => bytes.look()).toThrow("EISDIR");
  expect(() => bytes.look()).toThrow("EISDIR");
  rmSync(file, { recursive: true });
  writeFileSync(file, "back");
  expect(String(bytes.look())).toBe("back");
});
