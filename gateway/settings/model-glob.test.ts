import fc from "fast-check";
import { expect, test } from "vitest";
import { covers, modelGlob, modelName } from "./model-glob.ts";

test.each(["qwen", "gpt-*", "*", "hf.co/a/b:Q4_K_M", "models/gemini-2.0", "*-coder*", "a b.gguf"])(
  "%j is a glob",
  (text) => {
    expect(modelGlob.parse(text)).toBe(text);
  },
);

test.each(["", "**", "a**b", "gpt-?", "gpt-[45]", "{a,b}", "^gpt$", "a|b", "a\\b", "a\nb"])(
  "%j is none",
  (text) => {
    const result = modelGlob.safeParse(text);
    expect(result.error?.issues[0]?.message).toMatch(/^must /);
  },
);

test("one model's name holds no *", () => {
  expect(modelName.safeParse("gpt-*").success).toBe(false);
  expect(modelName.parse("gpt-4o")).toBe("gpt-4o");
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
])("%s takes all of %s: %s", (earlier, later, all) => {
  expect(covers(earlier, later)).toBe(all);
});

test("what a glob covers, it matches in every instance", () => {
  const glob = fc.string({ unit: fc.constantFrom("a", "b", "*"), maxLength: 6 });
  const text = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 4 });
  fc.assert(
    fc.property(glob, glob, text, (earlier, later, filling) => {
      const instance = later.replaceAll("*", filling);
      // A name is a glob that matches itself only.
      if (covers(earlier, later)) expect(covers(earlier, instance)).toBe(true);
    }),
  );
});
