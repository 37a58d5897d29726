import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createBoundedSeries } from "./bounded-series.ts";

describe("bounded series", () => {
  it("keep the first names and call all others other", () => {
    const labelOf = createBoundedSeries((label) => label, 2);
    expect(["a", "b", "c", "a", "d"].map(labelOf)).toEqual(["a", "b", "other", "a", "other"]);
  });

  it("make what belongs to a value once", () => {
    let made = 0;
    const seriesOf = createBoundedSeries(() => ({ made: ++made }), 1);
    expect(seriesOf("a")).toBe(seriesOf("a"));
    expect(seriesOf("b")).toBe(seriesOf("c"));
    expect(made).toBe(2);
  });

  it("are never more than the bound and other, whatever is asked", () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.integer({ min: 1, max: 5 }), (values, most) => {
        const labels = new Set(values.map(createBoundedSeries((label) => label, most)));
        expect(labels.size).toBeLessThanOrEqual(most + 1);
      }),
    );
  });
});
