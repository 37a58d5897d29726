import type { Exchange } from "../exchange.ts";
import { briefLine, settledLine } from "./exchange-line.ts";
import type { TurnEvent } from "./line-series.ts";
import type { Log } from "./log.ts";
import type { Metrics } from "./metrics.ts";
import type { SettledEvent } from "./settled-event.ts";
import { shownText } from "./shown-text.ts";

/** A read that was passed through. */
type PassedEvent = { exchange: Exchange; user: string | null; status: number };

/** A request that was not accepted; there is no row of it. */
type RefusedEvent = PassedEvent & { errorCode: string };

/** One helper for each thing that happens: its log line and its counters together. */
export type Telemetry = {
  settled(event: SettledEvent): void;
  passed(event: PassedEvent): void;
  refused(event: RefusedEvent): void;
  /** A fault of ours, with its stack; the client is told nothing of it. */
  internalError(exchange: Exchange, error: unknown): void;
  /** What a request, or its answer, lost on the way between two dialects: names of fields. */
  dropped(exchange: Exchange, what: string): void;
  /** Seconds from a client's leaving to the free slot. */
  slotReleased(seconds: number): void;
  /** The first estimate that a waiting client was shown, and how long it took to its turn. */
  waited(estimatedSeconds: number, actualSeconds: number): void;
  /** A generation has its slot. */
  tookTurn(turn: TurnEvent): void;
  /** The upstream, which holds one model at a time, has to load another. */
  swapped(): void;
  /** What is wrong with the users file, or null when it is mended. */
  usersFile(trouble: string | null): void;
  /** What is wrong with the limits of a user; the rest of them counts. */
  limitsTrouble(message: string): void;
  ledgerTrouble(message: string): void;
  ledgerRecovered(): void;
  upstreamState(upstream: string, up: boolean, reason: string | null): void;
  started(port: number, upstream: string): void;
  echoing(): void;
  /** `auth: none`: on the LAN nobody needs a key. */
  openDoor(): void;
  traceTrouble(message: string): void;
  draining(waiting: number, active: number): void;
  stopped(): void;
};

/** Faults told by other rooms and by the system may be longer than a name. Characters. */
const maxTrouble = 500;
const told = (text: string | null): string | null =>
  text === null ? null : shownText(text, maxTrouble);

export function createTelemetry({ log, metrics }: { log: Log; metrics: Metrics }): Telemetry {
  const { logger } = log;
  return {
    settled(event) {
      metrics.settled(event);
      log.info(() => settledLine(event), "exchange");
    },
    passed({ exchange, user, status }) {
      if (logger.isLevelEnabled("info")) logger.info(briefLine(exchange, user, status), "exchange");
    },
    refused({ exchange, user, status, errorCode }) {
      metrics.refused(errorCode);
      if (!logger.isLevelEnabled("info")) return;
      const line = briefLine(exchange, user, status);
      line.error_code = errorCode;
      logger.info(line, "refused");
    },
    internalError: ({ id }, error) => logger.error({ id, err: error }, "internal error"),
    slotReleased: (seconds) => metrics.released(seconds),
    waited: (estimatedSeconds, actualSeconds) => metrics.estimated(estimatedSeconds, actualSeconds),
    tookTurn: metrics.tookTurn,
    swapped: metrics.swapped,
    usersFile(trouble) {
      if (trouble === null) logger.info("users file is valid");
      else {
        const reason = told(trouble);
        logger.error(
          { trouble: reason },
          "users file is invalid; the last valid version stays in use",
        );
      }
    },
    limitsTrouble: (trouble) => logger.warn({ trouble: told(trouble) }, "limits"),
    ledgerTrouble: (trouble) => logger.error({ trouble: told(trouble) }, "ledger"),
    ledgerRecovered: () => logger.info("ledger: all waiting rows are written"),
    upstreamState(upstream, up, reason) {
      if (up) logger.info({ upstream: told(upstream) }, "upstream answers");
      else {
        const why = told(reason);
        logger.warn({ upstream: told(upstream), reason: why }, "upstream does not answer");
      }
    },
    started: (port, upstream) => logger.info({ port, upstream: told(upstream) }, "started"),
    dropped: ({ id, requestId }, what) =>
      logger.info({ id, request_id: told(requestId), dropped: told(what) }, "conversion"),
    openDoor: () => logger.warn("auth: no key is required: anyone on the LAN can use this gateway"),
    traceTrouble: (trouble) => logger.warn({ trouble: told(trouble) }, "traces"),
    echoing: () =>
      logger.warn(
        "NO UPSTREAM: UPSTREAM_URL is not set, so every answer is an echo of its question",
      ),
    draining: (waiting, active) =>
      logger.info({ waiting, active }, "stopping: new requests are refused"),
    stopped: () => logger.info("stopped"),
  };
}
