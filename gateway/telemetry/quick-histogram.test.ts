import fc from "fast-check";
import { Histogram, Registry } from "prom-client";
import { expect, it } from "vitest";
import { QuickHistogram } from "./quick-histogram.ts";

const config = { name: "seconds", help: "What was seen", buckets: [0.1, 1, 5] };

it("gives the very text that prom-client's own histogram gives", async () => {
  const seen = fc.array(
    fc.record({
      model: fc.constantFrom("a", "b"),
      value: fc.double({ min: 0, max: 9, noNaN: true }),
    }),
  );
  await fc.assert(
    fc.asyncProperty(seen, async (values) => {
      const [ours, theirs] = [new Registry(), new Registry()];
      const labelNames = ["model"];
      const quick = new QuickHistogram({ ...config, labelNames, registers: [ours] });
      const usual = new Histogram({ ...config, labelNames, registers: [theirs] });
      const series = new Map<string, (value: number) => void>();
      for (const { model, value } of values) {
        const known = series.get(model) ?? quick.seriesOf({ model });
        series.set(model, known);
        known(value);
        usual.labels(model).observe(value);
      }
      expect(await ours.metrics()).toBe(await theirs.metrics());
    }),
  );
});

it("stands in the text from its beginning, where it has no labels", async () => {
  const [ours, theirs] = [new Registry(), new Registry()];
  new QuickHistogram({ ...config, labelNames: [], registers: [ours] }).seriesOf({});
  new Histogram({ ...config, registers: [theirs] });
  expect(await ours.metrics()).toBe(await theirs.metrics());
});
