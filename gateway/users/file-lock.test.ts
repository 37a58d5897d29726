import {
  existsSync,
  mkdtempDisposableSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { withFileLock } from "./file-lock.ts";

const prefix = join(tmpdir(), "file-lock-");
/** Above the greatest process number Linux and macOS give. */
const DEAD = 4_194_305;

test("the lock is held during the work and gone after it, even when it throws", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "f");
  const during = await withFileLock(file, () => readFileSync(`${file}.lock`, "utf8"));
  expect(during).toContain(`${process.pid} ${hostname()} `);
  expect(existsSync(`${file}.lock`)).toBe(false);
  const failing = withFileLock(file, () => {
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(existsSync(`${file}.lock`)).toBe(false);
});

test("a lock left behind by a dead process stops nobody", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "f");
  writeFileSync(`${file}.lock`, `${DEAD} ${hostname()} x\n`);
  const runs = Array.from({ length: 20 }, (_, n) => withFileLock(file, () => n));
  expect(await Promise.all(runs)).toHaveLength(20);
  expect(existsSync(`${file}.lock.break`)).toBe(false);
});

test("an old lock of another machine, and one without an owner, stop nobody", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "f");
  for (const owner of ["1 elsewhere x\n", ""]) {
    writeFileSync(`${file}.lock`, owner);
    writeFileSync(`${file}.lock.break`, owner);
    for (const lock of [`${file}.lock`, `${file}.lock.break`]) utimesSync(lock, 1, 1);
    expect(await withFileLock(file, () => "mine")).toBe("mine");
  }
});

test("a lock that lives is waited for", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "f");
  const owner = "1 elsewhere x\n";
  writeFileSync(`${file}.lock`, owner);
  let isFree = false;
  const run = withFileLock(file, () => isFree);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(readFileSync(`${file}.lock`, "utf8")).toBe(owner);
  isFree = true;
  utimesSync(`${file}.lock`, 1, 1);
  expect(await run).toBe(true);
});

test("who slept through the stale time leaves the next one's lock alone", async () => {
  using folder = mkdtempDisposableSync(prefix);
  const file = join(folder.path, "f");
  await withFileLock(file, () => writeFileSync(`${file}.lock`, "1 next x\n"));
  expect(readFileSync(`${file}.lock`, "utf8")).toBe("1 next x\n");
});
