import { defaultUpstream, echoUpstream } from "./settings/default-upstream.ts";
import type { Settings } from "./settings/settings-table.ts";
import type { Telemetry } from "./telemetry/events.ts";
import type { OtelOptions } from "./telemetry/otel/otel-options.ts";
import type { UpstreamsOptions } from "./upstreams/open-upstreams.ts";

/** How traces and metrics are pushed; null if they are not. */
export function otelOptions(settings: Settings, version: string): OtelOptions | null {
  const { otlpEndpoint: endpoint, otelTraces, otelMetrics } = settings;
  if (endpoint === null || (otelTraces === "none" && otelMetrics === "none")) return null;
  return {
    endpoint,
    headers: settings.otlpHeaders ?? {},
    timeoutMs: settings.otlpTimeoutMs,
    serviceName: settings.otelServiceName,
    version,
    resource: settings.otelResource ?? {},
    traces: otelTraces === "otlp",
    metrics: otelMetrics === "otlp",
    sampler: settings.otelSampler,
    samplerRatio: settings.otelSamplerRatio,
    spanQueue: settings.otelSpanQueue,
    spanDelayMs: settings.otelSpanDelayMs,
    metricIntervalMs: settings.otelMetricIntervalMs,
    showsNames: settings.metricsUsers === "names",
  };
}

type ModelRules = (model: string) => Settings["models"][number] | null;

/** The options of the upstreams, from the settings; part of the composition root. */
export const upstreamsOptions = (
  settings: Settings,
  telemetry: Telemetry,
  rules: ModelRules,
): UpstreamsOptions => ({
  ...settings,
  upstreamOfUrl: defaultUpstream(settings),
  echoAt: (url) => echoUpstream(settings, url),
  env: process.env,
  modelCapacity: settings.models.some(({ maxConcurrent }) => maxConcurrent !== null)
    ? (model) => rules(model)?.maxConcurrent ?? null
    : null,
  onSwap: telemetry.swapped,
  onChange: telemetry.upstreamState,
  onFinding: telemetry.finding,
});
