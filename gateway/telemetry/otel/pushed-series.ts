import { type HrTime, ValueType } from "@opentelemetry/api";
import { emptyResource } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type MetricProducer,
} from "@opentelemetry/sdk-metrics";
import { hashedUser } from "../hashed-user.ts";

type Labels = Readonly<Record<string, string | number | undefined>>;

/** A metric as prom-client's registry reads it. */
export type ReadMetric = {
  readonly name: string;
  readonly help: string;
  /** `counter`, `gauge` or `histogram`; prom-client's types say a number, and are wrong. */
  readonly type: unknown;
  readonly values: readonly {
    readonly labels: Labels;
    readonly value: number;
    readonly metricName?: string;
  }[];
};

const prefix = "llm_gateway_";

/** Not the name of a person. */
const isNobody = (user: string): boolean => /^(none|other|person-[0-9a-f]{12})$/.test(user);

const hrTime = (ms: number): HrTime => [Math.floor(ms / 1000), Math.round((ms % 1000) * 1e6)];

/**
 * The gateway's own series, pushed: the same numbers as those of /metrics. They have OpenTelemetry's
 * form of the same names, `llm_gateway.queue_wait` with the unit `s`, from which a collector makes
 * `llm_gateway_queue_wait_seconds` again: one dashboard serves both ways.
 */
export function createPushedSeries(
  read: () => Promise<readonly ReadMetric[]>,
  showsNames: boolean,
): MetricProducer {
  const startedAt = hrTime(Date.now());

  return {
    async collect() {
      const span = { startTime: startedAt, endTime: hrTime(Date.now()) };
      const own = (await read()).filter(({ name }) => name.startsWith(prefix));
      const shownLabels = (labels: Labels) => pushedLabels(labels, showsNames);
      const metrics = own
        .map((one) => metricOf(one, span, shownLabels))
        .filter(({ dataPoints }) => dataPoints.length > 0);
      const scope = { name: "llm-gateway" };
      const scopeMetrics = [{ scope, metrics }];
      return { resourceMetrics: { resource: emptyResource(), scopeMetrics }, errors: [] };
    },
  };
}

function pushedLabels(labels: Labels, showsNames: boolean): Labels {
  const { user } = labels;
  if (user === undefined || showsNames || isNobody(String(user))) return labels;
  return { ...labels, user: hashedUser(String(user)) };
}

type TimeSpan = Pick<DataPoint<number>, "startTime" | "endTime">;

function metricOf(
  { name, help, type, values }: ReadMetric,
  span: TimeSpan,
  shown: (labels: Labels) => Labels,
): MetricData {
  const base = {
    descriptor: { ...pushedName(name), description: help, valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  if (type === "histogram") {
    const dataPoints = histogramsIn(values).map(({ labels, value }) => {
      return { ...span, attributes: shown(labels), value };
    });
    return { ...base, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
  const dataPoints = values
    .filter(({ value }) => Number.isFinite(value))
    .map(({ labels, value }) => ({ ...span, attributes: shown(labels), value }));
  if (type === "gauge") return { ...base, dataPointType: DataPointType.GAUGE, dataPoints };
  return { ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints };
}

/** Units stand beside the name, and what counts up says so itself. */
function pushedName(name: string): { name: string; unit: string } {
  const own = name.slice(prefix.length).replace(/_total$/, "");
  const [, stem = own, unit] = /^(.*)_(seconds|bytes)$/.exec(own) ?? [];
  const units: Record<string, string> = { seconds: "s", bytes: "By" };
  return { name: `llm_gateway.${stem}`, unit: units[unit ?? ""] ?? "" };
}

/** prom-client has a value for each bucket, which counts all below it too. */
function histogramsIn(values: ReadMetric["values"]): { labels: Labels; value: Histogram }[] {
  const series = new Map<string, { labels: Labels; value: Histogram; below: number }>();
  for (const { labels, value, metricName = "" } of values) {
    const { le, ...others } = labels;
    const key = JSON.stringify(others);
    let one = series.get(key);
    if (one === undefined) {
      const empty = { buckets: { boundaries: [], counts: [] }, sum: 0, count: 0 };
      one = { labels: others, value: empty, below: 0 };
      series.set(key, one);
    }
    const { buckets } = one.value;
    if (metricName.endsWith("_bucket")) {
      if (Number.isFinite(Number(le))) buckets.boundaries.push(Number(le));
      buckets.counts.push(value - one.below);
      one.below = value;
    } else if (metricName.endsWith("_sum")) one.value.sum = value;
    else one.value.count = value;
  }
  return [...series.values()];
}
