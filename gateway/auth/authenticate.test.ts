import { expect, test } from "vitest";
import { GatewayError } from "../errors.ts";
import { exampleKeys } from "../users/example-keys.ts";
import { hashedName, newKey } from "../users/key.ts";
import { parseUsers } from "../users/snapshot.ts";
import { authenticate } from "./authenticate.ts";

const now = Date.UTC(2026, 10, 21, 12);
const [alice, bob, guest, off] = [newKey(), newKey(), newKey(), newKey()] as const;
const users = parseUsers(
  JSON.stringify({
    [hashedName(alice)]: { user: "alice", role: "admin" },
    [bob]: "bob",
    [guest]: { user: "guest", expires: new Date(now).toISOString() },
    [off]: { user: "off", disabled: true },
  }),
);

function ask(headers: Record<string, string>, query = "", at = now): string {
  return authenticate(headers, query, users, at).user;
}

function refusal(headers: Record<string, string>, query = "", at = now): GatewayError {
  try {
    ask(headers, query, at);
  } catch (error) {
    if (error instanceof GatewayError) return error;
  }
  throw new Error("not refused");
}

test.each([
  [{ authorization: `Bearer ${alice}` }, "alice"],
  [{ authorization: `bearer ${alice}` }, "alice"],
  [{ authorization: `BEARER   ${alice} ` }, "alice"],
  [{ "x-api-key": alice }, "alice"],
  [{ "x-goog-api-key": bob }, "bob"],
])("each way in, case %#", (headers, user) => {
  expect(ask(headers)).toBe(user);
});

test("an identity says who and what they may", () => {
  expect(authenticate({ "x-api-key": alice }, "", users, now)).toMatchObject({
    user: "alice",
    role: "admin",
    models: null,
    weight: 1,
    priority: 0,
  });
});

test("of several keys the first that works counts, Authorization before the others", () => {
  expect(ask({ authorization: "Bearer dummy", "x-api-key": alice })).toBe("alice");
  expect(ask({ authorization: "Basic dTpw", "x-api-key": alice })).toBe("alice");
  expect(ask({ authorization: "Bearer ", "x-goog-api-key": alice })).toBe("alice");
  expect(ask({ authorization: `Bearer ${off}`, "x-api-key": bob })).toBe("bob");
  expect(ask({ authorization: `Bearer ${bob}`, "x-api-key": alice })).toBe("bob");
  expect(ask({ "x-api-key": bob, "x-goog-api-key": alice })).toBe("bob");
});

test("expiry is an instant: a millisecond before it the key works", () => {
  expect(ask({ "x-api-key": guest }, "", now - 1)).toBe("guest");
  expect(refusal({ "x-api-key": guest }).message).toContain("has expired");
});

test.each([
  ["no key", {}, "", "invalid_api_key", "An API key is needed"],
  ["an unknown key", { "x-api-key": newKey() }, "", "invalid_api_key", "unknown"],
  [
    "another scheme",
    { authorization: "Basic dTpw" },
    "",
    "invalid_api_key",
    "must be: Bearer <key>",
  ],
  ["a bare key", { authorization: bob }, "", "invalid_api_key", "must be: Bearer <key>"],
  ["no key after it", { authorization: "Bearer" }, "", "invalid_api_key", "no key after Bearer"],
  ["a disabled key", { "x-api-key": off }, "", "invalid_api_key", "is disabled"],
  ["two keys as one header", { "x-api-key": `${bob}, ${bob}` }, "", "invalid_api_key", "unknown"],
  ["an empty header", { "x-api-key": "" }, "", "invalid_api_key", "An API key is needed"],
  ["a digest as key", { "x-api-key": hashedName(alice) }, "", "invalid_api_key", "unknown"],
  ["a key in the query", {}, `?key=${bob}`, "key_in_query", "Authorization: Bearer"],
  ["a key in the query, escaped", {}, `?a=b&api%5Fkey=${bob}`, "key_in_query", "x-goog-api-key"],
  ["a wrong key besides", { "x-api-key": "x" }, `?key=${bob}`, "invalid_api_key", "unknown"],
])("%s is a 401 that says what to do, with a challenge", (_case, headers, query, code, message) => {
  const error = refusal(headers as Record<string, string>, query);
  expect(error).toMatchObject({ code, status: 401 });
  expect(error.message).toContain(message);
  expect(error.headers["www-authenticate"]).toBe('Bearer realm="llm-gateway"');
});

test("a key in the query does no harm beside one in a header", () => {
  expect(ask({ "x-api-key": bob }, "?key=anything")).toBe("bob");
});

test("names every object has are no keys", () => {
  for (const key of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
    expect(refusal({ "x-api-key": key }).code).toBe("invalid_api_key");
  }
});

test.each(exampleKeys)("the example key %s is refused, saying why", (key) => {
  expect(refusal({ authorization: `Bearer ${key}` }).message).toContain("users.example.json");
});

test("no refusal repeats a key, known or not", () => {
  for (const key of [guest, off, newKey(), ...exampleKeys]) {
    for (const headers of [{ "x-api-key": key }, { authorization: key }]) {
      const error = refusal(headers);
      expect(JSON.stringify({ ...error, stack: error.stack })).not.toContain(key);
    }
    expect(refusal({}, `?key=${key}`).message).not.toContain(key);
  }
});

test("a giant header is refused like any other wrong key", () => {
  expect(refusal({ authorization: `Bearer ${"x".repeat(65_536)}` }).status).toBe(401);
  expect(refusal({ authorization: `bearer${" ".repeat(65_536)}` }).status).toBe(401);
});
