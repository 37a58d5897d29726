import { randomUUID } from "node:crypto";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { defaultResource, type Resource, resourceFromAttributes } from "@opentelemetry/resources";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from "@opentelemetry/semantic-conventions";
import type { SettledEvent } from "../settled-event.ts";
import type { Tracing } from "../tracing.ts";
import { ExchangeTraces } from "./exchange-traces.ts";
import { createGenAiMetrics } from "./genai-metrics.ts";
import { attribute } from "./names.ts";
import type { OtelOptions } from "./otel-options.ts";
import { createPushedSeries, type ReadMetric } from "./pushed-series.ts";
import { samplerNamed } from "./sampler.ts";
import { type CollectorWatch, createCollectorWatch } from "./watch-exports.ts";

/** Traces and metrics on their way to a collector. */
export type Otel = {
  /** Null if traces are off. */
  readonly tracing: Tracing | null;
  /** Counts a generation that has ended. */
  settled(event: SettledEvent): void;
  /** Sends what waits, within two seconds; what a dead collector has not taken by then is lost. */
  close(): Promise<void>;
};

const scope = "llm-gateway";
const longestCloseMs = 2_000;

/**
 * Opens what pushes to a collector. Nothing here waits for it: spans wait in a bounded queue, and are
 * dropped where it is full. Nothing is set globally.
 * @param readSeries - the gateway's own series
 * @param onCollector - what is wrong with the collector, once; null: it works again
 */
export function openOtel(
  options: OtelOptions,
  readSeries: () => Promise<readonly ReadMetric[]>,
  onCollector: (trouble: string | null) => void,
): Otel {
  const resource = resourceOf(options);
  const watch = createCollectorWatch(onCollector);
  const tracers = options.traces ? openTraces(options, resource, watch) : null;
  const meters = options.metrics ? openMetrics(options, resource, watch, readSeries) : null;
  const count = meters === null ? () => {} : createGenAiMetrics(meters.getMeter(scope));
  return {
    tracing:
      tracers === null
        ? null
        : new ExchangeTraces(tracers.getTracer(scope, options.version), options.showsNames),
    settled: count,
    async close() {
      const closed = Promise.allSettled([tracers?.shutdown(), meters?.shutdown()]);
      let timer: NodeJS.Timeout | undefined;
      const enough = new Promise((resolve) => {
        timer = setTimeout(resolve, longestCloseMs);
      });
      await Promise.race([closed, enough]);
      clearTimeout(timer);
    },
  };
}

function resourceOf({ serviceName, version, resource }: OtelOptions): Resource {
  return defaultResource().merge(
    resourceFromAttributes({
      [attribute.instance]: randomUUID(),
      [ATTR_SERVICE_VERSION]: version,
      ...resource,
      [ATTR_SERVICE_NAME]: serviceName,
    }),
  );
}

type Sending = Pick<OtelOptions, "endpoint" | "headers" | "timeoutMs">;

const exporterOptions = ({ endpoint, headers, timeoutMs }: Sending, path: string) => ({
  url: endpoint + path,
  headers: { ...headers },
  timeoutMillis: timeoutMs,
});

function openTraces(
  options: OtelOptions,
  resource: Resource,
  { watch }: CollectorWatch,
): TracerProvider {
  const exporter = new OTLPTraceExporter(exporterOptions(options, "/v1/traces"));
  const processor = new BatchSpanProcessor({
    exporter: watch("traces", exporter),
    maxQueueSize: options.spanQueue,
    maxExportBatchSize: Math.min(options.spanQueue, 512),
    scheduledDelayMillis: options.spanDelayMs,
    // A little more than the exporter, which says better why it gave up.
    exportTimeoutMillis: options.timeoutMs + 1_000,
  });
  const sampler = samplerNamed(options.sampler, options.samplerRatio);
  return new TracerProvider({ resource, sampler, spanProcessors: [processor] });
}

function openMetrics(
  options: OtelOptions,
  resource: Resource,
  { watch }: CollectorWatch,
  readSeries: () => Promise<readonly ReadMetric[]>,
): MeterProvider {
  const exporter = new OTLPMetricExporter(exporterOptions(options, "/v1/metrics"));
  const { metricIntervalMs: exportIntervalMillis, timeoutMs } = options;
  const reader = new PeriodicExportingMetricReader({
    exporter: watch("metrics", exporter),
    exportIntervalMillis,
    exportTimeoutMillis: Math.min(timeoutMs + 1_000, exportIntervalMillis),
    metricProducers: [createPushedSeries(readSeries, options.showsNames)],
  });
  return new MeterProvider({ resource, readers: [reader] });
}
