import { expect, test } from "vitest";
import { parseEntry } from "./entry.ts";

test("a plain name is a user with everybody's rights", () => {
  expect(parseEntry("alice", "sk-1234")).toEqual({
    user: "alice",
    role: "user",
    expires: null,
    disabled: false,
    models: null,
    weight: 1,
    priority: 0,
    maxConcurrent: null,
    maxQueued: null,
    limits: null,
    notify: null,
    speaksFor: null,
    hint: "sk-1234",
  });
});

test("an object says more, and its unknown fields do no harm", () => {
  const limits = { tokens: { per_day: 1000 } };
  const fields = {
    user: "bob",
    role: "admin",
    expires: "2026-12-31T00:00:00Z",
    disabled: true,
    models: ["qwen*"],
    weight: 2,
    priority: -1,
    maxConcurrent: null,
    maxQueued: null,
    limits,
    notify: null,
    speaksFor: null,
    hint: "sk-9999",
    note: "guest",
    from_a_later_version: {},
  };
  expect(parseEntry(fields, "")).toEqual({
    user: "bob",
    role: "admin",
    expires: Date.UTC(2026, 11, 31),
    disabled: true,
    models: ["qwen*"],
    weight: 2,
    priority: -1,
    maxConcurrent: null,
    maxQueued: null,
    limits,
    notify: null,
    speaksFor: null,
    hint: "sk-9999",
  });
});

test("null counts as absent", () => {
  const nothing = { role: null, expires: null, disabled: null, models: null, weight: null };
  expect(
    parseEntry({ user: "a", ...nothing, priority: null, limits: null, hint: null }, "h"),
  ).toEqual(parseEntry("a", "h"));
});

test.each([
  [null, "must be a name or an object"],
  [7, "must be a name or an object"],
  [["alice"], "must be a name or an object"],
  [{}, '"user" must be a name'],
  [{ user: 7 }, '"user" must be a name'],
  [
    { user: "a", role: "Root" },
    '"role" must be "user", "admin" or another role: lower-case letters, digits, - and _',
  ],
  [{ user: "a", expires: "soon" }, '"expires" must be an ISO 8601 date or time'],
  [{ user: "a", expires: 1_760_000_000 }, '"expires" must be an ISO 8601 date or time'],
  [{ user: "a", disabled: "yes" }, '"disabled" must be true or false'],
  [{ user: "a", models: "qwen" }, '"models" must be a list of names or globs'],
  [{ user: "a", models: [1] }, '"models" must be a list of names or globs'],
  [{ user: "a", weight: 0 }, '"weight" must be a number from 0.01 to 1000'],
  [{ user: "a", weight: Number.NaN }, '"weight" must be a number from 0.01 to 1000'],
  [{ user: "a", priority: 1e9 }, '"priority" must be a whole number from -1000 to 1000'],
  [{ user: "a", limits: [] }, '"limits" must be an object'],
  [{ user: "a", hint: 5 }, '"hint" must be the first characters of the key'],
])("%j: %s", (value, message) => {
  expect(() => parseEntry(value, "")).toThrow(message);
});

test("a whole key in the place of a hint is never shown", () => {
  const key = `sk-${"5".repeat(32)}`;
  expect(parseEntry({ user: "a", hint: key }, "").hint).toBe("sk-5555");
});

test("an address for notices is read as one, and a wrong one is never shown", () => {
  const { notify } = parseEntry({ user: "a", notify: "https://ntfy.sh/alice" }, "");
  expect(notify).toEqual({ form: "ntfy", url: "https://ntfy.sh/alice", authorization: null });
  const wrong = (): unknown => parseEntry({ user: "a", notify: "alice@example.com" }, "");
  expect(wrong).toThrow(/^"notify" must be an http/);
  expect(wrong).not.toThrow("alice@example.com");
});
