import type { Exchange } from "../exchange.ts";
import type { NotifyAddress } from "../kinds/notify-address.ts";
import { briefLine, type LogLine, settledLine } from "./exchange-line.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { Notices } from "./notices.ts";
import type { Otel } from "./otel/open-otel.ts";
import type { SettledEvent } from "./settled-event.ts";
import { told } from "./shown-text.ts";
import type { Tracing } from "./tracing.ts";

/** A read that was passed through. */
type PassedEvent = { exchange: Exchange; user: string | null; status: number };

/** A refused request. It has no row. */
export type RefusedEvent = PassedEvent & {
  errorCode: string;
  /** The limit that refused it, for a user who wants to hear of that. */
  limit?: { notify: NotifyAddress; refusal: string } | null;
};

/** They know that their request has ended. */
const leftByThemselves = "client_closed";

/** The ends of exchanges: each has its log line, its counters and the end of its trace. */
export type ExchangeEvents = {
  /** The traces of exchanges; null if there are none. */
  readonly tracing: Tracing | null;
  settled(event: SettledEvent): void;
  passed(event: PassedEvent): void;
  refused(event: RefusedEvent): void;
  /** The names of fields that a conversion dropped. */
  dropped(exchange: Exchange, what: string): void;
};

export type ExchangeEventsParts = {
  log: Log;
  metrics: Pick<Metrics, "settled" | "refused">;
  /** Null or absent if nothing is pushed to a collector. */
  otel?: Pick<Otel, "tracing" | "settled"> | null;
  /** Null or absent if nobody is told anything. */
  notices?: Notices | null;
};

export function createExchangeEvents({
  log,
  metrics,
  otel = null,
  notices = null,
}: ExchangeEventsParts): ExchangeEvents {
  const { logger } = log;
  const tracing = otel?.tracing ?? null;
  /** The trace of the line's exchange: ours, or the one that the client names. */
  const traced = (line: LogLine, exchange: Exchange): LogLine => {
    const id = tracing?.traceIdOf(exchange) ?? exchange.traceparent?.split("-")[1];
    if (id !== undefined) line.trace_id = id;
    return line;
  };
  const brief = ({ exchange, user, status }: PassedEvent): LogLine =>
    traced(briefLine(exchange, user, status), exchange);
  return {
    tracing,
    settled(event) {
      metrics.settled(event);
      otel?.settled(event);
      tracing?.settled(event);
      if (event.notify && event.errorCode !== leftByThemselves) notices?.done(event.notify, event);
      log.info(() => traced(settledLine(event), event.exchange), "exchange");
    },
    passed(event) {
      tracing?.ended(event.exchange, { ...event, errorCode: null });
      if (logger.isLevelEnabled("info")) logger.info(brief(event), "exchange");
    },
    refused(event) {
      metrics.refused(event.errorCode);
      tracing?.ended(event.exchange, event);
      const { user, limit } = event;
      if (user !== null && limit != null) notices?.limit(user, limit.notify, limit.refusal);
      if (!logger.isLevelEnabled("info")) return;
      const line = brief(event);
      line.error_code = event.errorCode;
      logger.info(line, "refused");
    },
    dropped: ({ id, requestId }, what) =>
      logger.info({ id, request_id: told(requestId), dropped: told(what) }, "conversion"),
  };
}
