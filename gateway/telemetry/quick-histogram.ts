import { Histogram, type Registry } from "prom-client";

type Config = {
  name: string;
  help: string;
  buckets: number[];
  labelNames: string[];
  registers: Registry[];
};

/** Its series has the shared labels; prom-client wants them apart. */
type Sample = { metricName: string; labels: object; sharedLabels: object; value: number };

type Series = { labels: Record<string, string>; counts: Float64Array; sum: Float64Array };

/**
 * A histogram with series that count by themselves and are rendered at a scrape. prom-client's own
 * histogram makes a string of the labels for each value, which is most of its cost.
 */
export class QuickHistogram extends Histogram<string> {
  readonly #name: string;
  readonly #help: string;
  readonly #bounds: readonly number[];
  readonly #series: Series[] = [];

  constructor(config: Config) {
    super(config);
    this.#name = config.name;
    this.#help = config.help;
    this.#bounds = config.buckets;
  }

  /** Adds a series to the text. The returned function takes a finite value. */
  seriesOf(labels: Record<string, string>): (value: number) => void {
    const bounds = this.#bounds;
    const counts = new Float64Array(bounds.length + 1);
    const sum = new Float64Array(1);
    this.#series.push({ labels, counts, sum });
    return (value) => {
      let at = 0;
      while (at < bounds.length && value > (bounds[at] ?? 0)) at++;
      counts[at] = (counts[at] ?? 0) + 1;
      sum[0] = (sum[0] ?? 0) + value;
    };
  }

  /** prom-client's registry calls this to make its text. It is not in the types. */
  getForPromString(): Promise<object> {
    const values = this.#series.flatMap((series) => this.#valuesOf(series));
    return Promise.resolve({ name: this.#name, help: this.#help, type: "histogram", values });
  }

  #valuesOf({ labels: sharedLabels, counts, sum }: Series): Sample[] {
    let below = 0;
    const buckets = Array.from(counts, (count, at) => {
      below += count;
      const le = this.#bounds[at] ?? "+Inf";
      return { metricName: `${this.#name}_bucket`, labels: { le }, sharedLabels, value: below };
    });
    return [
      ...buckets,
      { metricName: `${this.#name}_sum`, labels: {}, sharedLabels, value: sum[0] ?? 0 },
      { metricName: `${this.#name}_count`, labels: {}, sharedLabels, value: below },
    ];
  }
}
