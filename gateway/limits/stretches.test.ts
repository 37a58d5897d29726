import fc from "fast-check";
import { expect, test } from "vitest";
import { stretches } from "./stretches.ts";

test("nothing is lost and nothing added, whatever the text", () => {
  const texts = fc.array(fc.constantFrom("a", " ", "\n", "😀", "é", "x".repeat(300)), {
    maxLength: 400,
  });
  fc.assert(
    fc.property(texts, (parts) => {
      const text = parts.join("");
      expect([...stretches(text)].join("")).toBe(text);
    }),
  );
});

test("a character is never cut in half", () => {
  const cut = [...stretches("😀".repeat(1000))];
  expect(cut.length).toBeGreaterThan(1);
  for (const stretch of cut) expect(stretch.isWellFormed()).toBe(true);
});

test("ordinary text is cut before a space", () => {
  const cut = [...stretches("the quick brown fox ".repeat(1000))];
  expect(cut.length).toBeGreaterThan(1);
  for (const stretch of cut.slice(1)) expect(stretch.startsWith(" ")).toBe(true);
});
