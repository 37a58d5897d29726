import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { faultOffset } from "./bad-json.ts";

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe("faultOffset", () => {
  it.each([
    ["", 0],
    ["{", 1],
    ['{"a":1,}', 7],
    ['{"a" 1}', 5],
    ["[1 2]", 3],
    ["{a:1}", 1],
    ["[01]", 1],
    ['["\\x"]', 3],
    ['["\\u12"]', 3],
    ['["a\nb"]', 3],
    ["[1]]", 3],
    ["[1}", 2],
    ["nul", 0],
    ["[NaN]", 1],
    ['{"a":"b', 7],
    ['"\\', 2],
  ])("of %j is %i", (text, offset) => {
    expect(faultOffset(text)).toBe(offset);
  });

  it("finds a fault exactly where JSON.parse does", () => {
    const piece = fc.constantFrom(..."{}[],: \n", '"a"', '"\\n"', '"', "1", "-0.5e3", "01", "null");
    const broken = fc.array(piece, { maxLength: 8 }).map((all) => all.join(""));
    fc.assert(
      fc.property(fc.oneof(broken, fc.json(), fc.string()), (text) => {
        expect(faultOffset(text) === -1).toBe(isJson(text));
      }),
      { numRuns: 2000 },
    );
  });

  it("takes 100 000 open brackets without recursion", () => {
    expect(faultOffset("[".repeat(100_000))).toBe(100_000);
  });
});
