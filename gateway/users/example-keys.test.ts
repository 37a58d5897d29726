import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { exampleKeys } from "./example-keys.ts";
import { digestInName, digestOf, hashedName } from "./key.ts";
import { parseUsers, snapshotOfApiKey } from "./snapshot.ts";

const file = new URL("../../users.example.json", import.meta.url);

test("the list of example keys is that of users.example.json", () => {
  const names = Object.keys(JSON.parse(readFileSync(file, "utf8")));
  const digests = names.map((name) => digestInName(name) ?? digestOf(name));
  expect(digests).toEqual(exampleKeys.map(digestOf));
});

test("a copy of the example lets nobody in", () => {
  expect(() => parseUsers(readFileSync(file, "utf8"))).toThrow("published in users.example.json");
});

test.each(exampleKeys)("%s is refused among others, hashed and as API_KEY", (key) => {
  expect(() => parseUsers(JSON.stringify({ [key]: "eve" }))).toThrow("users.example.json");
  expect(() => parseUsers(JSON.stringify({ [hashedName(key)]: "eve" }))).toThrow("example");
  expect(() => snapshotOfApiKey(key, "admin")).toThrow("users.example.json");
});

test("but for its keys the example is a file one can start from", () => {
  let text = readFileSync(file, "utf8");
  for (const key of exampleKeys) {
    text = text.replace(hashedName(key), hashedName(`${key}!`)).replace(`"${key}"`, `"${key}!"`);
  }
  expect(parseUsers(text)).toMatchObject({ keys: 3, users: 3 });
});
