import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { plainDecimal } from "./openrouter-price.ts";

describe("a price as text", () => {
  it("has no exponent", () => {
    expect([8e-6, 8e-7, 1.25e-9, 0, 1e21, 1.5e22, -2.5e-8, 0.15].map(plainDecimal)).toEqual([
      "0.000008",
      "0.0000008",
      "0.00000000125",
      "0",
      "1000000000000000000000",
      "15000000000000000000000",
      "-0.000000025",
      "0.15",
    ]);
  });

  it("is the number it was, whatever that was", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const text = plainDecimal(value);
        expect(text).toMatch(/^-?\d+(\.\d+)?$/);
        expect(Number(text)).toBe(value === 0 ? 0 : value);
      }),
    );
  });
});
