import { Counter, Gauge, type Registry } from "prom-client";
import { QuickHistogram } from "./quick-histogram.ts";
import { shownText } from "./shown-text.ts";

/** Adds an amount to one series. Ignores null, negative numbers and NaN. */
export type Add = (amount: number | null) => void;

/** Puts a value into one histogram. Ignores null, negative numbers and NaN. */
export type Observe = (value: number | null) => void;

/** A value of a gauge, and its label values in the order of the labels. */
export type Labelled = readonly [value: number, ...labels: string[]];

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
  /** Read at each scrape. NaN: not known. */
  gauge(name: string, help: string, read: () => number | Promise<number>): void;
  /** One value for each set of label values that `read` gives. */
  gaugeBy(labels: string[], name: string, help: string, read: () => Iterable<Labelled>): void;
  /** The same for sums that only grow. */
  countBy(labels: string[], name: string, help: string, read: () => Iterable<Labelled>): void;
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
    ...readAtScrape(registers),
  };
}

/** What is read at the moment of a scrape. */
function readAtScrape(registers: Registry[]): Pick<Declare, "gauge" | "gaugeBy" | "countBy"> {
  return {
    gauge(name, help, read) {
      new Gauge({
        name: prefix + name,
        help,
        registers,
        async collect() {
          this.set(await read());
        },
      });
    },
    gaugeBy(labelNames, name, help, read) {
      new Gauge({
        ...{ name: prefix + name, help, labelNames, registers },
        collect() {
          this.reset();
          for (const [value, ...values] of read()) this.set(labelled(labelNames, values), value);
        },
      });
    },
    countBy(labelNames, name, help, read) {
      new Counter({
        ...{ name: prefix + name, help, labelNames, registers },
        collect() {
          this.reset();
          for (const [value, ...values] of read()) this.inc(labelled(labelNames, values), value);
        },
      });
    },
  };
}

const labelled = (names: readonly string[], values: readonly string[]): Record<string, string> =>
  Object.fromEntries(names.map((name, i) => [name, shownText(values[i] ?? "")]));

function seriesOf(histogram: QuickHistogram, labels: Record<string, string>): Observe {
  const observe = histogram.seriesOf(labels);
  return (value) => {
    if (isAmount(value)) observe(value);
  };
}
