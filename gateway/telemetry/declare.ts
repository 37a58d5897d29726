import { Counter, Gauge, type Registry } from "prom-client";
import { QuickHistogram } from "./quick-histogram.ts";

/** Adds an amount to one series. Ignores null, negative numbers and NaN. */
export type Add = (amount: number | null) => void;

/** Puts a value into one histogram. Ignores null, negative numbers and NaN. */
export type Observe = (value: number | null) => void;

/** Declares the metrics of one registry; every name gets the prefix `llm_gateway_`. */
export type Declare = {
  /** Returns the series for some label values. It is in the text from then on. */
  counter(name: string, help: string, labels: string[]): (...values: string[]) => Add;
  histogram(name: string, help: string, buckets: number[]): Observe;
  /** One histogram for each value of a label. */
  histogramBy(
    label: string,
    name: string,
    help: string,
    buckets: number[],
  ): (value: string) => Observe;
  /** Read at each scrape. */
  gauge(name: string, help: string, read: () => number): void;
};

const prefix = "llm_gateway_";

/** prom-client throws on NaN, Infinity and a falling counter. No number may break a request. */
const isAmount = (value: number | null): value is number =>
  value !== null && value >= 0 && value < Number.POSITIVE_INFINITY;

export function createDeclare(registry: Registry): Declare {
  const registers = [registry];
  return {
    counter(name, help, labelNames) {
      // prom-client makes a string of the labels at each `inc`, also for a child. So it gets sums.
      const sums: { labels: Record<string, string>; value: Float64Array }[] = [];
      new Counter({
        name: prefix + name,
        help,
        labelNames,
        registers,
        collect() {
          this.reset();
          for (const { labels, value } of sums) this.inc(labels, value[0]);
        },
      });
      return (...values) => {
        const pairs = labelNames.map((label, i) => [label, values[i] ?? ""] as const);
        // A number of its own would be a new object each time.
        const value = new Float64Array(1);
        sums.push({ labels: Object.fromEntries(pairs), value });
        return (amount) => {
          if (isAmount(amount)) value[0] = (value[0] ?? 0) + amount;
        };
      };
    },
    histogram(name, help, buckets) {
      const config = { name: prefix + name, help, buckets, labelNames: [], registers };
      return seriesOf(new QuickHistogram(config), {});
    },
    histogramBy(label, name, help, buckets) {
      const config = { name: prefix + name, help, buckets, labelNames: [label], registers };
      const histogram = new QuickHistogram(config);
      return (labelled) => seriesOf(histogram, { [label]: labelled });
    },
    gauge(name, help, read) {
      new Gauge({
        name: prefix + name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    },
  };
}

function seriesOf(histogram: QuickHistogram, labels: Record<string, string>): Observe {
  const observe = histogram.seriesOf(labels);
  return (value) => {
    if (isAmount(value)) observe(value);
  };
}
