import { expect, test } from "vitest";
import { addKey } from "./add-key.ts";
import { hashKeys, removeKeys, setDisabled } from "./change-keys.ts";
import { digestOf, hashedName, newKey } from "./key.ts";
import { parseUsers } from "./snapshot.ts";
import { readRows, type UserRow, writeRows } from "./users-document.ts";

const keys = [newKey(), newKey(), newKey()] as const;
const text = JSON.stringify({
  [keys[0]]: "alice",
  [keys[1]]: { user: "bob", later: { deep: true } },
  [hashedName(keys[2])]: { user: "alice", hint: keys[2].slice(0, 7) },
});

function usersIn(rows: readonly UserRow[]) {
  return parseUsers(writeRows(rows));
}

test("a new key is stored hashed, with its hint; a plain one as it is", () => {
  const key = newKey();
  const hashed = addKey(readRows(text), key, { user: "alice", note: "phone" }, false);
  expect(hashed.result.keys).toBe(3);
  expect(writeRows(hashed.rows)).not.toContain(key);
  expect(hashed.rows.at(-1)).toEqual({
    name: hashedName(key),
    raw: JSON.stringify({ user: "alice", hint: key.slice(0, 7), note: "phone" }),
  });
  const plain = addKey([], key, { user: "alice" }, true);
  expect(plain.rows).toEqual([{ name: key, raw: '"alice"' }]);
});

test("a key in use is not given to another, in whichever form it is stored", () => {
  for (const key of keys) {
    expect(() => addKey(readRows(text), key, { user: "eve" }, false)).toThrow("in use already");
    expect(() => addKey(readRows(text), key, { user: "eve" }, true)).toThrow("in use already");
  }
});

test("removing a person takes all their keys, or those of a hint", () => {
  const all = removeKeys(readRows(text), { user: "alice", hint: null });
  expect(all.result).toBe(2);
  expect(usersIn(all.rows)).toMatchObject({ keys: 1, users: 1 });
  const one = removeKeys(readRows(text), { user: "alice", hint: keys[2].slice(0, 7) });
  expect(one.result).toBe(1);
  expect(usersIn(one.rows).find(digestOf(keys[0]))?.user).toBe("alice");
});

test("who is not there cannot be removed", () => {
  const nobody = { user: "Alice", hint: null };
  expect(() => removeKeys(readRows(text), nobody)).toThrow("there is no user with that name");
  const none = { user: "alice", hint: "xx" };
  expect(() => removeKeys(readRows(text), none)).toThrow("no key of alice begins with that hint");
});

test("a disabled key is kept, with everything about it", () => {
  const off = setDisabled(readRows(text), { user: "bob", hint: null }, true);
  expect(usersIn(off.rows).find(digestOf(keys[1]))?.disabled).toBe(true);
  const on = setDisabled(off.rows, { user: "bob", hint: null }, false);
  expect(writeRows(on.rows)).toBe(writeRows(readRows(text)));
});

test("hashing a file changes no right, no order, and leaves no key in it", () => {
  const { rows, result } = hashKeys(readRows(text));
  expect(result).toBe(2);
  expect(rows.map(({ name }) => name)).toEqual(keys.map(hashedName));
  for (const key of keys) {
    expect(writeRows(rows)).not.toContain(key);
    expect(usersIn(rows).find(digestOf(key))).toEqual(parseUsers(text).find(digestOf(key)));
  }
  expect(rows[1]?.raw).toContain('"later":{"deep":true}');
  expect(hashKeys(rows).result).toBe(0);
});
