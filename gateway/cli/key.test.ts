import { existsSync, mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommand } from "../test/support/run-command.ts";
import { createFirstUsersFile } from "../users/first-users-file.ts";
import { key } from "./key.ts";

const terminal = { isTTY: true, columns: 80, rows: 24, write: () => {} };

test("a script gets the first key as often as it asks, a terminal shows it once", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "first-key-"));
  const cwd = folder.path;
  const env = { USERS_FILE: join(cwd, "users.json") };
  const file = env.USERS_FILE;
  const first = await createFirstUsersFile({ file, user: "admin", isTerminal: true });
  for (const _ of [1, 2]) {
    expect(await runCommand(key, [], { env, cwd })).toEqual({
      status: 0,
      out: first?.key,
      said: "",
    });
  }
  expect((await runCommand(key, [], { env, cwd, screen: terminal })).out).toBe(first?.key);
  expect(existsSync(join(cwd, "first-key"))).toBe(false);
  const late = await runCommand(key, [], { env, cwd, screen: terminal });
  expect(late).toMatchObject({ status: 1, out: "" });
  expect(late.said).toContain("users rotate NAME");
});

test("after 24 hours the first key is not shown any more", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "first-key-"));
  const cwd = folder.path;
  const file = join(cwd, "users.json");
  await createFirstUsersFile({ file, user: "admin", isTerminal: false });
  const now = (): number => Date.now() + 25 * 60 * 60 * 1_000;
  const late = await runCommand(key, [], { env: { USERS_FILE: file }, cwd, now });
  expect(late.status).toBe(1);
});
