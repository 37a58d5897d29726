import type { Exchange } from "../exchange.ts";
import type { SettledEvent } from "./settled-event.ts";
import { shownText } from "./shown-text.ts";

/** The fields of a log line. */
export type LogLine = Record<string, string | number | boolean | null>;

/** Milliseconds to a tenth. */
const tenths = (ms: number | null): number | null =>
  ms === null ? null : Math.round(ms * 10) / 10;

const shown = (text: string | null): string | null => (text === null ? null : shownText(text));

/** The log line of an exchange without a row. Its duration ends now. */
export function briefLine(exchange: Exchange, user: string | null, status: number): LogLine {
  return {
    id: exchange.id,
    request_id: shownText(exchange.requestId),
    user: shown(user),
    method: exchange.method,
    path: shownText(exchange.path),
    public: exchange.isPublic,
    status,
    duration_ms: tenths(performance.now() - exchange.startedMono),
  };
}

/** The log line of a generation, with the names of the ledger's columns. One literal is fast. */
export function settledLine(event: SettledEvent): LogLine {
  const { exchange, usage } = event;
  return {
    id: exchange.id,
    request_id: shownText(exchange.requestId),
    user: shown(event.user),
    method: exchange.method,
    path: shownText(exchange.path),
    public: exchange.isPublic,
    model: shown(event.model),
    dialect: exchange.dialect,
    upstream: shown(event.upstream),
    state: event.state,
    status: event.status,
    error_code: event.errorCode,
    queue_ms: tenths(event.queueMs),
    first_token_ms: tenths(event.firstTokenMs),
    upstream_ms: tenths(event.upstreamMs),
    duration_ms: tenths(event.durationMs),
    input_tokens: usage.input,
    output_tokens: usage.output,
    cached_tokens: usage.cached,
    reasoning_tokens: usage.reasoning,
    usage_source: usage.source,
  };
}
