import fc from "fast-check";
import { expect, test } from "vitest";
import { coversGlob, matchesGlob } from "./glob.ts";
import { readText } from "./kind.ts";
import { modelGlob, modelName } from "./model-kinds.ts";

test.each([
  "qwen",
  "gpt-*",
  "*",
  "hf.co/a/b:Q4_K_M",
  "models/gemini-2.0",
  "*-coder*",
  "a b.gguf",
  "gpt-?",
])("%j is a glob", (text) => {
  expect(modelGlob.read(text)).toBe(text);
});

test.each(["", "**", "a**b", "gpt-[45]", "{a,b}", "^gpt$", "a|b", "a\\b", "a\nb"])(
  "%j is none",
  (text) => {
    expect(readText(modelGlob, text).fault).toMatch(/^must /);
  },
);

test("one model's name holds no *", () => {
  expect(readText(modelName, "gpt-*").fault).toMatch(/^must /);
  expect(modelName.read("gpt-4o")).toBe("gpt-4o");
});

test.each([
  ["*", "gpt-*", true],
  ["gpt-*", "gpt-4*", true],
  ["gpt-*", "gpt-4o", true],
  ["*a*", "*ba*", true],
  ["gpt-4*", "gpt-*", false],
  ["gpt-4o", "gpt-4*", false],
  ["*a*b", "*b", false],
  ["a.c", "abc", false],
  ["qwen", "qwen", true],
  ["gpt-?", "gpt-4", true],
  ["gpt-?", "gpt-*", false],
  ["gpt-*", "gpt-?", true],
  ["gpt-4", "gpt-?", false],
  ["?*", "?", true],
])("%s takes all of %s: %s", (earlier, later, all) => {
  expect(coversGlob(earlier, later)).toBe(all);
});

test("one glob covers another only if it matches every name of it", () => {
  const glob = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 6 });
  const run = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 4 });
  const letter = fc.constantFrom("a", "b", "c");
  fc.assert(
    fc.property(glob, glob, run, letter, (earlier, later, filling, one) => {
      const name = later.replaceAll("*", filling).replaceAll("?", one);
      if (coversGlob(earlier, later)) expect(matchesGlob(earlier, name)).toBe(true);
    }),
  );
});

test("a glob matches as its regular expression would", () => {
  const glob = fc.string({ unit: fc.constantFrom("a", "b", "*", "?"), maxLength: 8 });
  const name = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 12 });
  fc.assert(
    fc.property(glob, name, (pattern, given) => {
      const wanted = new RegExp(`^${pattern.replaceAll("*", ".*").replaceAll("?", ".")}$`);
      expect(matchesGlob(pattern, given)).toBe(wanted.test(given));
    }),
  );
});

test("letters that mean something in a regular expression mean themselves", () => {
  expect(matchesGlob("a.c", "abc")).toBe(false);
  expect(matchesGlob("*:latest", "phi:latest")).toBe(true);
  expect(matchesGlob("aa*aa", "aaa")).toBe(false);
});
