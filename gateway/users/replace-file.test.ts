import {
  chmodSync,
  chownSync,
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
import { replaceFile, targetOf } from "./replace-file.ts";

const prefix = join(tmpdir(), "replace-file-");
const isRoot = process.getuid?.() === 0;

test("a new file is for its owner only, and no draft is left", () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "f");
  replaceFile(file, "text");
  expect(readFileSync(file, "utf8")).toBe("text");
  expect(statSync(file).mode & 0o7777).toBe(0o600);
  expect(readdirSync(folder.path)).toEqual(["f"]);
});

test("it is another file afterwards: who has the old one open reads the old one", () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "f");
  writeFileSync(file, "old");
  const { ino } = statSync(file);
  replaceFile(file, "new");
  expect(statSync(file).ino).not.toBe(ino);
});

test.each([0o600, 0o640, 0o644, 0o444])("mode %o is kept", (mode) => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "f");
  writeFileSync(file, "old");
  chmodSync(file, mode);
  replaceFile(file, "new");
  expect(statSync(file).mode & 0o7777).toBe(mode);
});

test.runIf(isRoot)("the owner is kept, with the mode", () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "f");
  writeFileSync(file, "old");
  chownSync(file, 1000, 1001);
  chmodSync(file, 0o640);
  replaceFile(file, "new");
  expect(statSync(file)).toMatchObject({ uid: 1000, gid: 1001 });
  expect(statSync(file).mode & 0o7777).toBe(0o640);
});

test("what cannot be replaced is left whole, without a draft", () => {
  using folder = mkdtempDisposableSync(prefix);
  expect(() => replaceFile(folder.path, "text")).toThrow();
  const inside = join(folder.path, "f");
  writeFileSync(inside, "whole");
  expect(() => replaceFile(join(inside, "g"), "text")).toThrow();
  expect(readFileSync(inside, "utf8")).toBe("whole");
  expect(readdirSync(folder.path)).toEqual(["f"]);
});

test("the target of links is found, also where it does not exist yet", () => {
  using folder = mkdtempDisposableSync(prefix);
  const [real, link, missing] = ["real", "link", "missing"].map((name) => join(folder.path, name));
  writeFileSync(real!, "");
  symlinkSync("real", link!);
  expect(targetOf(link!)).toBe(targetOf(real!));
  symlinkSync("nowhere", missing!);
  expect(targetOf(missing!)).toBe(join(folder.path, "nowhere"));
  expect(targetOf(join(folder.path, "none"))).toBe(join(folder.path, "none"));
});
