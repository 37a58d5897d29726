import { Counter, Gauge, type Registry } from "prom-client";
import { QuickHistogram } from "./quick-histogram.ts";

/** Adds an amount to one series; what is unknown, negative or no number adds nothing. */
export type Add = (amount: number | null) => void;

/** Puts a value into one histogram; what is unknown, negative or no number is left out. */
export type Observe = (value: number | null) => void;

/** Declares the metrics of one registry; every name gets the prefix `llm_gateway_`. */
export type Declare = {
  /** Gives the series of some label values, which stands in the text from then on. */
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

/** prom-client throws on NaN, Infinity and a falling counter; no number may break a road. */
const isAmount = (value: number | null): value is number =>
  value !== null && value >= 0 && value < Number.POSITIVE_INFINITY;

export function createDeclare(registry: Registry): Declare {
  const registers = [registry];
  return {
    counter(name, help, labelNames) {
      // prom-client makes a string of the labels at each `inc`, of a child too: so it gets sums.
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
