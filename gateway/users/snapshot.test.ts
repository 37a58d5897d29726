import { expect, test } from "vitest";
import { digestOf, hashedName, newKey } from "./key.ts";
import { emptySnapshot, parseUsers, snapshotOfApiKey } from "./snapshot.ts";

test("plain, object and hashed entries are found by the digest of their key", () => {
  const [plain, object, hashed] = [newKey(), newKey(), newKey()];
  const users = parseUsers(
    JSON.stringify({
      [plain]: "alice",
      [object]: { user: "bob", role: "admin" },
      [hashedName(hashed)]: { user: "alice", hint: hashed.slice(0, 7) },
    }),
  );
  expect(users.find(digestOf(plain))).toMatchObject({ user: "alice", hint: plain.slice(0, 7) });
  expect(users.find(digestOf(object))).toMatchObject({ user: "bob", role: "admin" });
  expect(users.find(digestOf(hashed))).toMatchObject({ user: "alice", hint: hashed.slice(0, 7) });
  expect(users).toMatchObject({ keys: 3, users: 2 });
});

test("who steals a file of hashed keys cannot use what stands in it", () => {
  const name = hashedName(newKey());
  const users = parseUsers(JSON.stringify({ [name]: "alice" }));
  expect(users.find(digestOf(name))).toBeNull();
  expect(users.find(digestOf(name.slice(7)))).toBeNull();
});

test("{} is nobody", () => {
  expect(parseUsers("{}")).toMatchObject({ keys: 0, users: 0 });
  expect(emptySnapshot().find(digestOf(""))).toBeNull();
});

test("__proto__ and constructor are keys like any other", () => {
  const users = parseUsers('{"__proto__": {"user": "eve", "role": "admin"}, "constructor": "bob"}');
  expect(users.find(digestOf("__proto__"))?.user).toBe("eve");
  expect(users.find(digestOf("constructor"))?.user).toBe("bob");
  expect(users.find(digestOf("toString"))).toBeNull();
  expect(users.find("__proto__")).toBeNull();
});

test("__proto__ inside an entry gives nobody a right", () => {
  const users = parseUsers('{"sk-1": {"user": "eve", "__proto__": {"role": "admin"}}}');
  expect(users.find(digestOf("sk-1"))?.role).toBe("user");
});

test("the same key twice refuses the file, hashed or not", () => {
  const key = newKey();
  const twice = `{"${key}": "alice",\n "${key}": "bob"}`;
  expect(() => parseUsers(twice)).toThrow("entry 2 (line 2, column 2): the same key as entry 1");
  const mixed = `{"${hashedName(key)}": "alice", "x": "y", "${key}": "bob"}`;
  expect(() => parseUsers(mixed)).toThrow(/^entry 3 \(.*\): the same key as entry 1$/);
});

test("no fault of a file repeats a key, a name or a value of it", () => {
  const secret = newKey();
  const broken = [
    `{"${secret}": 5}`,
    `{"${secret}": {"user": "${secret}"}}`,
    `{"x": "${secret}"}`,
    `{"${secret} ": "alice"}`,
    `{"sha256:${secret}": "alice"}`,
    `{"${secret}": "a", "${secret}": "b"}`,
    `{"${secret}": {"user": "a", "role": "${secret}"}}`,
    `{"${secret}": {"user": "a", "${secret}": 1, "${secret}": 2}}`,
    `{"${secret}": "alice"`,
    `{"${secret}": ${secret}}`,
    secret,
  ];
  for (const text of broken) {
    let message = "accepted";
    try {
      parseUsers(text);
    } catch (error) {
      message = String(error);
    }
    expect(message).toMatch(/line \d+, column \d+/);
    expect(message).not.toContain(secret.slice(0, 8));
  }
});

test("API_KEY is one administrator", () => {
  const key = newKey();
  const users = snapshotOfApiKey(key, "admin");
  expect(users.find(digestOf(key))).toMatchObject({ user: "admin", role: "admin" });
  expect(() => snapshotOfApiKey("", "admin")).toThrow("API_KEY: a key must not be empty");
  expect(() => snapshotOfApiKey(key, "sk-x")).toThrow("API_USER: the user's name looks like a key");
});
