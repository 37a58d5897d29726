import { existsSync, mkdtempDisposableSync, statSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { firstKeyFile, forgetFirstKeyInTime, keepFirstKey, readFirstKey } from "./first-key.ts";

const day = 24 * 60 * 60 * 1_000;

test("the first key waits for 24 hours in a file of its owner, then it is gone", () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "first-key-"));
  const users = join(folder.path, "users.json");
  const now = Date.now();
  expect(readFirstKey(users, now)).toBeNull();
  keepFirstKey(users, "sk-made-up");
  const file = firstKeyFile(users);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  forgetFirstKeyInTime(users, now);
  expect(readFirstKey(users, now + day - 60_000)).toBe("sk-made-up");
  expect(readFirstKey(users, now + day + 60_000)).toBeNull();
  const yesterday = (now - day - 60_000) / 1_000;
  utimesSync(file, yesterday, yesterday);
  forgetFirstKeyInTime(users, now);
  expect(existsSync(file)).toBe(false);
});
