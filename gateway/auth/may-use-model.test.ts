import { expect, test } from "vitest";
import { threadCpuMs } from "../test/support/loop-cpu.ts";
import { mayUseModel } from "./may-use-model.ts";

test.each([
  [null, "anything", true],
  [[], "anything", false],
  [["qwen3"], "qwen3", true],
  [["qwen3"], "qwen3-8b", false],
  [["qwen*"], "qwen3-8b", true],
  [["*"], "", true],
  [["*-8b"], "llama-8b-8b", true],
  [["l?ama*b"], "llama-3.1-8b", true],
  [["l?ama*b"], "lama-3.1-8b", false],
  [["a.c"], "abc", false],
  [["x", "y*z*"], "yazb", true],
  [["[a-z]+"], "abc", false],
])("globs %j and model %j: %s", (globs, model, may) => {
  expect(mayUseModel(globs, model)).toBe(may);
});

test("a glob that would ruin a regular expression is judged at once", () => {
  const started = threadCpuMs();
  expect(mayUseModel([`${"*a".repeat(30)}!`], "a".repeat(2_000))).toBe(false);
  expect(threadCpuMs() - started).toBeLessThan(5_000);
});
