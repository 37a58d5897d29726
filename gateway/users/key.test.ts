import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { digestInName, digestOf, hashedName, hintOf, keyFault, newKey } from "./key.ts";

test("a new key is sk- and 32 hex digits, and never the same", () => {
  const keys = new Set(Array.from({ length: 100 }, newKey));
  expect(keys.size).toBe(100);
  for (const key of keys) expect(key).toMatch(/^sk-[0-9a-f]{32}$/);
});

test("a digest is the key's SHA-256 in hex", () => {
  expect(digestOf("sk-abc123")).toBe(createHash("sha256").update("sk-abc123").digest("hex"));
});

test("a hashed name holds the digest, in whatever case somebody typed it", () => {
  const key = newKey();
  expect(digestInName(hashedName(key))).toBe(digestOf(key));
  expect(digestInName(hashedName(key).toUpperCase())).toBe(digestOf(key));
  expect(digestInName(key)).toBeNull();
  expect(digestInName("sha256:abc")).toBeNull();
});

test("a hint is 7 characters, and never more than half of a short key", () => {
  expect(hintOf("sk-0123456789abcdef")).toBe("sk-0123");
  expect(hintOf("secret")).toBe("sec");
  expect(hintOf("x")).toBe("");
});

test.each(["", "two words", "schlüssel", "a\nb", "x".repeat(513), `sha256:${"0".repeat(64)}`])(
  "%j cannot be a key",
  (key) => {
    expect(keyFault(key)).not.toBeNull();
  },
);

test("any other printable text can", () => {
  expect(keyFault("sk-abc123")).toBeNull();
  expect(keyFault("__proto__")).toBeNull();
});
