import { bounded, nanoDollars, type RowClosing, type RowOpening, whole } from "./row.ts";

/** What a row is at its opening. */
export const openColumns: string =
  "id, request_id, user, key, model, upstream, dialect, path, streamed, started_at, instance";

/** What a row gets when it closes, beside the upstream that served. */
export const closeColumns: string =
  "state, status, error_code, queue_ms, first_token_ms, upstream_ms, duration_ms, " +
  "input_tokens, output_tokens, cached_tokens, reasoning_tokens, usage_source, upstream_id, " +
  "cost, served_model";

export type ColumnValue = string | number | null;

/** In the order of `openColumns`. */
export function openValues<I extends ColumnValue>(
  row: RowOpening,
  upstream: string,
  instance: I,
): ColumnValue[] {
  return [
    row.id,
    row.requestId,
    row.user,
    row.key ?? "",
    row.model === null ? null : bounded(row.model),
    upstream,
    row.dialect,
    bounded(row.path),
    row.streamed ? 1 : 0,
    Math.round(row.startedAt),
    instance,
  ];
}

/** In the order of `closeColumns`. */
export function closeValues(row: RowClosing): ColumnValue[] {
  return [
    row.state,
    row.status,
    row.errorCode,
    whole(row.queueMs),
    whole(row.firstTokenMs),
    whole(row.upstreamMs),
    whole(row.durationMs),
    whole(row.usage.input),
    whole(row.usage.output),
    whole(row.usage.cached),
    whole(row.usage.reasoning),
    row.usage.source,
    row.upstreamId === null ? null : bounded(row.upstreamId),
    nanoDollars(row.cost),
    row.servedModel == null ? null : bounded(row.servedModel),
  ];
}
