import type { Exchange } from "../exchange.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { SettledEvent } from "./settled-event.ts";
import { shownText } from "./shown-text.ts";

/** A read that was passed through. */
export type PassedEvent = { exchange: Exchange; user: string | null; status: number };

/** A request that was not accepted; there is no row of it. */
export type RefusedEvent = PassedEvent & { errorCode: string };

/** One helper for each thing that happens: its log line and its counters together. */
export type Telemetry = {
  settled(event: SettledEvent): void;
  passed(event: PassedEvent): void;
  refused(event: RefusedEvent): void;
  /** A fault of ours, with its stack; the client is told nothing of it. */
  internalError(exchange: Exchange, error: unknown): void;
  /** What is wrong with the users file, or null when it is mended. */
  usersFile(trouble: string | null): void;
  ledgerTrouble(message: string): void;
  ledgerRecovered(): void;
  upstreamState(upstream: string, up: boolean, reason: string | null): void;
  started(port: number, upstream: string): void;
  echoing(): void;
  draining(waiting: number, active: number): void;
  stopped(): void;
};

const whole = (ms: number | null): number | null => (ms === null ? null : Math.round(ms * 10) / 10);

/** What every line about an exchange says of it. */
function lineOf({ exchange, user, status }: PassedEvent): Record<string, unknown> {
  return {
    id: exchange.id,
    request_id: shownText(exchange.requestId),
    user,
    method: exchange.method,
    path: shownText(exchange.path),
    status,
    public: exchange.isPublic,
    duration_ms: whole(performance.now() - exchange.startedMono),
  };
}

function settledLine(event: SettledEvent): Record<string, unknown> {
  const { exchange, usage } = event;
  return {
    ...lineOf(event),
    model: event.model === null ? null : shownText(event.model),
    dialect: exchange.dialect,
    upstream: event.upstream,
    state: event.state,
    error_code: event.errorCode,
    queue_ms: whole(event.queueMs),
    first_token_ms: whole(event.firstTokenMs),
    upstream_ms: whole(event.upstreamMs),
    duration_ms: whole(event.durationMs),
    input_tokens: usage.input,
    output_tokens: usage.output,
    cached_tokens: usage.cached,
    usage_source: usage.source,
  };
}

export function createTelemetry({ log, metrics }: { log: Log; metrics: Metrics }): Telemetry {
  const { logger } = log;
  return {
    settled(event) {
      metrics.settled(event);
      if (logger.isLevelEnabled("info")) logger.info(settledLine(event), "exchange");
    },
    passed(event) {
      logger.info(lineOf(event), "exchange");
    },
    refused(event) {
      metrics.refused(event.errorCode);
      logger.info({ ...lineOf(event), error_code: event.errorCode }, "refused");
    },
    internalError({ id }, error) {
      const err = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      logger.error({ id, err }, "internal error");
    },
    usersFile(trouble) {
      if (trouble === null) logger.info("users file is in order");
      else logger.error({ trouble }, "users file is broken; the last good one stays in force");
    },
    ledgerTrouble: (message) => logger.error({ trouble: message }, "ledger"),
    ledgerRecovered: () => logger.info("ledger: all that waited is written"),
    upstreamState(upstream, up, reason) {
      if (up) logger.info({ upstream }, "upstream answers");
      else logger.warn({ upstream, reason }, "upstream does not answer");
    },
    started: (port, upstream) => logger.info({ port, upstream }, "started"),
    echoing: () =>
      logger.warn(
        "NO UPSTREAM: UPSTREAM_URL is not set, so every answer is an echo of its question",
      ),
    draining: (waiting, active) => logger.info({ waiting, active }, "stopping: no new work"),
    stopped: () => logger.info("stopped"),
  };
}
