import type { Meter } from "@opentelemetry/api";
import { ATTR_ERROR_TYPE } from "@opentelemetry/semantic-conventions";
import { createBoundedSeries } from "../bounded-series.ts";
import type { SettledEvent } from "../settled-event.ts";
import { attribute, bounds, metric, operationOf } from "./names.ts";

/**
 * The histograms of GenAI. They carry the model, never the user. Clients choose the names of models,
 * so only the first hundred keep theirs.
 */
export function createGenAiMetrics(meter: Meter): (event: SettledEvent) => void {
  const histogram = (name: string, unit: string, edges: number[]) =>
    meter.createHistogram(name, { unit, advice: { explicitBucketBoundaries: edges } });
  const tokens = histogram(metric.tokens, "{token}", bounds.tokens);
  const upstreamDuration = histogram(metric.upstreamDuration, "s", bounds.duration);
  const duration = histogram(metric.duration, "s", bounds.duration);
  const firstToken = histogram(metric.timeToFirstToken, "s", bounds.firstToken);
  const perToken = histogram(metric.timePerOutputToken, "s", bounds.perToken);
  const labelOf = createBoundedSeries((label) => label);

  return (event) => {
    const { exchange, model, upstream, usage, errorCode, durationMs, firstTokenMs } = event;
    const operation = operationOf(exchange);
    const labels = {
      ...(operation === null ? {} : { [attribute.operation]: operation }),
      ...(model === null ? {} : { [attribute.requestModel]: labelOf(model) }),
      [attribute.upstream]: upstream,
    };
    const ending = errorCode === null ? labels : { ...labels, [ATTR_ERROR_TYPE]: errorCode };
    duration.record(durationMs / 1000, ending);
    if (event.upstreamMs !== null) upstreamDuration.record(event.upstreamMs / 1000, ending);
    const told = (type: string, count: number | null): void => {
      if (count !== null) tokens.record(count, { ...labels, [attribute.tokenType]: type });
    };
    told("input", usage.input);
    told("output", usage.output);
    if (firstTokenMs === null) return;
    firstToken.record(firstTokenMs / 1000, labels);
    // The first token is measured by itself.
    const others = (usage.output ?? 0) - 1;
    if (others > 0) perToken.record((durationMs - firstTokenMs) / 1000 / others, labels);
  };
}
