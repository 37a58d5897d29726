import { expect, test } from "vitest";
import { digestOf, newKey } from "./key.ts";
import { rotateKey } from "./rotate-key.ts";
import { parseUsers } from "./snapshot.ts";
import { readRows, writeRows } from "./users-document.ts";

const HOUR = 3_600_000;
const now = Date.UTC(2026, 10, 21, 12);
const old = "sk-old-00000000000000";

function rotate(content: object, graceMs = HOUR, hint: string | null = null) {
  const key = newKey();
  const selection = { user: "alice", hint };
  const rotation = { selection, key, isPlain: false, graceMs, now };
  const { rows, result } = rotateKey(readRows(JSON.stringify(content)), rotation);
  const users = parseUsers(writeRows(rows));
  return { key, rows, result, entryOf: (name: string) => users.find(digestOf(name)) };
}

function at(ms: number): string {
  return new Date(ms).toISOString();
}

test("both keys work for the grace period, with the same rights", () => {
  const rights = { role: "admin", models: ["qwen*"], weight: 2, priority: 1, limits: { a: 1 } };
  const { key, result, rows, entryOf } = rotate({ [old]: { user: "alice", ...rights, later: 1 } });
  expect(result).toEqual({ replaced: 1, until: at(now + HOUR) });
  expect(entryOf(old)).toMatchObject({ user: "alice", expires: now + HOUR, ...rights });
  expect(entryOf(key)).toMatchObject({ user: "alice", expires: null, ...rights });
  expect(entryOf(key)?.hint).toBe(key.slice(0, 7));
  expect(rows.at(-1)?.raw).toContain('"later":1');
});

test("without grace the old key is gone at once", () => {
  const { key, result, rows, entryOf } = rotate({ [old]: "alice", "sk-b": "bob" }, 0);
  expect(result).toEqual({ replaced: 1, until: null });
  expect(rows).toHaveLength(2);
  expect(entryOf(old)).toBeNull();
  expect(entryOf(key)?.user).toBe("alice");
  expect(entryOf("sk-b")?.user).toBe("bob");
});

test("rotating lengthens nobody's stay", () => {
  const end = now + 10 * HOUR;
  const guest = rotate({ [old]: { user: "alice", expires: at(end) } }, 24 * HOUR);
  expect(guest.entryOf(old)?.expires).toBe(end);
  expect(guest.entryOf(guest.key)?.expires).toBe(end);
  expect(guest.result.until).toBe(at(end));
});

test("rotating twice within the grace period keeps the first end", () => {
  const content = { [old]: { user: "alice", expires: at(now + 10) }, "sk-second": "alice" };
  const { key, result, entryOf } = rotate(content);
  expect(result.replaced).toBe(2);
  expect(entryOf(old)?.expires).toBe(now + 10);
  expect(entryOf("sk-second")?.expires).toBe(now + HOUR);
  expect(entryOf(key)?.expires).toBeNull();
});

test("keys with different rights are never merged into the greater ones", () => {
  const content = { [old]: "alice", "sk-admin-0000000": { user: "alice", role: "admin" } };
  expect(() => rotate(content)).toThrow("different rights; choose one with --hint");
  const { key, entryOf } = rotate(content, HOUR, "sk-old");
  expect(entryOf(key)?.role).toBe("user");
  expect(entryOf("sk-admin-0000000")).toMatchObject({ role: "admin", expires: null });
});

test("a disabled or expired key is not brought back", () => {
  const content = {
    [old]: { user: "alice", disabled: true },
    "sk-2": { user: "alice", expires: at(now) },
  };
  expect(() => rotate(content)).toThrow("no key that works");
});
