/** How traces and metrics are pushed to a collector. Times in milliseconds. */
export type OtelOptions = {
  /** The base address; `/v1/traces` and `/v1/metrics` are added. */
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The longest time to send one batch, retries included. */
  readonly timeoutMs: number;
  readonly serviceName: string;
  readonly version: string;
  readonly resource: Readonly<Record<string, string>>;
  readonly traces: boolean;
  readonly metrics: boolean;
  readonly sampler: string;
  /** The part that a `traceidratio` sampler keeps. */
  readonly samplerRatio: number;
  /** The most spans that wait; more are dropped. */
  readonly spanQueue: number;
  readonly spanDelayMs: number;
  readonly metricIntervalMs: number;
  /** Users by their names; else hashed. */
  readonly showsNames: boolean;
};
