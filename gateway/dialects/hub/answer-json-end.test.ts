import fc from "fast-check";
import { expect, it } from "vitest";
import { createJsonEnd } from "./answer-json-end.ts";

it("an object is whole with its last brace, and not before, however it is cut", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.boolean(), (value, spaced) => {
      const text = JSON.stringify(value, null, spaced ? 1 : 0);
      const isWhole = createJsonEnd();
      const told = text.split("").map(isWhole);
      expect(told.indexOf(true)).toBe(text.length - 1);
      expect(createJsonEnd()(text)).toBe(true);
    }),
  );
});

it("nothing is whole before it began", () => {
  const isWhole = createJsonEnd();
  expect(isWhole("")).toBe(false);
  expect(isWhole(" ")).toBe(false);
  expect(isWhole("{}\n")).toBe(true);
});
