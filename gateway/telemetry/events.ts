import type { Exchange } from "../exchange.ts";
import { type ClusterEvents, createClusterEvents } from "./cluster-events.ts";
import {
  createExchangeEvents,
  type ExchangeEvents,
  type ExchangeEventsParts,
} from "./exchange-events.ts";
import type { TurnEvent } from "./line-series.ts";
import type { Metrics } from "./metrics.ts";
import { told } from "./shown-text.ts";
import { createUpkeepEvents, type UpkeepEvents } from "./upkeep-events.ts";

/** One helper for each event: it holds the log line and the counters together. */
export type Telemetry = ExchangeEvents &
  UpkeepEvents & {
    /** What happens between several gateways with one line. */
    cluster: ClusterEvents;
    /** An internal error, with its stack. The client does not see it. */
    internalError(exchange: Pick<Exchange, "id">, error: unknown): void;
    /** Seconds from a client's leaving to the free slot. */
    slotReleased(seconds: number): void;
    /** The first estimated wait, and the real wait. Seconds. */
    waited(estimatedSeconds: number, actualSeconds: number): void;
    /** A generation has its slot. */
    tookTurn(turn: TurnEvent): void;
    /** The upstream holds one model at a time, and must load another. */
    swapped(): void;
    /** What is wrong with the users file, or null when it is valid again. */
    usersFile(trouble: string | null): void;
    /** What is wrong with the limits of a user. Their other fields count. */
    limitsTrouble(message: string): void;
    /** What is wrong with OpenTelemetry's collector, or null when it works again. */
    collector(trouble: string | null): void;
    /** A notice did not arrive. */
    noticeLost(lost: { to: string; event: string; reason: string }): void;
    upstreamState(upstream: string, up: boolean, reason: string | null): void;
    started(port: number, upstream: string): void;
    /** What doctor would say of an upstream. */
    finding(finding: { says: string; todo: string | null }): void;
    echoing(): void;
    /** `auth: none`: no key is required on the LAN. */
    openDoor(): void;
    traceTrouble(message: string): void;
    /** A worker process has died; another takes its place. */
    workerDied(pid: number, how: string): void;
    draining(line: { waiting: number; active: number }): void;
    stopped(): void;
  };

export type TelemetryParts = ExchangeEventsParts & { metrics: Metrics };

export function createTelemetry(parts: TelemetryParts): Telemetry {
  const { log, metrics, notices = null } = parts;
  const { logger } = log;
  let isCollectorLost = false;
  return {
    ...createExchangeEvents(parts),
    internalError: ({ id }, error) => logger.error({ id, err: error }, "internal error"),
    slotReleased: (seconds) => metrics.released(seconds),
    waited: (estimatedSeconds, actualSeconds) => metrics.estimated(estimatedSeconds, actualSeconds),
    tookTurn: metrics.tookTurn,
    swapped: metrics.swapped,
    usersFile(trouble) {
      notices?.usersFile(trouble);
      if (trouble === null) logger.info("users file is valid");
      else {
        const reason = told(trouble);
        logger.error(
          { trouble: reason },
          "users file is invalid; the last valid version stays in use",
        );
      }
    },
    ...createUpkeepEvents(logger, notices),
    cluster: createClusterEvents(logger),
    limitsTrouble: (trouble) => logger.warn({ trouble: told(trouble) }, "limits"),
    collector(trouble) {
      // Several processes push to it, and each sees the same trouble.
      if (isCollectorLost === (trouble !== null)) return;
      isCollectorLost = trouble !== null;
      if (trouble === null) logger.info("the collector of OpenTelemetry takes everything again");
      else {
        const reason = told(trouble);
        logger.warn({ trouble: reason }, "the collector of OpenTelemetry fails; spans may be lost");
      }
    },
    noticeLost: ({ to, event, reason }) =>
      logger.warn({ to: told(to), event, reason: told(reason) }, "a notice was not delivered"),
    upstreamState(upstream, up, reason) {
      notices?.upstream(upstream, up, reason);
      if (up) logger.info({ upstream: told(upstream) }, "upstream answers");
      else {
        const why = told(reason);
        logger.warn({ upstream: told(upstream), reason: why }, "upstream does not answer");
      }
    },
    finding: ({ says, todo }) =>
      logger.warn({ finding: told(says), todo: told(todo) }, "look at this upstream"),
    started: (port, upstream) => logger.info({ port, upstream: told(upstream) }, "started"),
    openDoor: () => logger.warn("auth: no key is required: anyone on the LAN can use this gateway"),
    traceTrouble: (trouble) => logger.warn({ trouble: told(trouble) }, "traces"),
    echoing: () =>
      logger.warn(
        "NO UPSTREAM: UPSTREAM_URL is not set, so every answer is an echo of its question",
      ),
    workerDied: (pid, how) => logger.error({ pid, how }, "a worker died; another takes its place"),
    draining: ({ waiting, active }) =>
      logger.info({ waiting, active }, "stopping: new requests are refused"),
    stopped: () => logger.info("stopped"),
  };
}
