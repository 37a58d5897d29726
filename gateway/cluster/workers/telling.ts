import type { Exchange } from "../../exchange.ts";
import { type ErrorFields, errorFields } from "../../telemetry/error-fields.ts";
import type { Telemetry } from "../../telemetry/events.ts";
import type { RefusedEvent } from "../../telemetry/exchange-events.ts";
import type { SettledEvent } from "../../telemetry/settled-event.ts";
import type { Tracing } from "../../telemetry/tracing.ts";

/** An exchange on its way to the keeper's process, where another clock runs. */
type ToldExchange = Omit<Exchange, "signal" | "startedMono" | "query"> & {
  /** Milliseconds since its start. */
  readonly ageMs: number;
};

/** An event of a worker on its way to the one log and the one page of metrics. */
export type Told =
  | ["settled", ToldExchange, Omit<SettledEvent, "exchange">]
  | ["refused", ToldExchange, Omit<RefusedEvent, "exchange">]
  | ["dropped", ToldExchange, string]
  | ["internalError", string, ErrorFields]
  | ["slotReleased", number]
  | ["collector", string | null]
  | ["traceTrouble", string];

/** What happens in a worker; the rest is told by the keeper's process. */
export type WorkerTelemetry = Pick<
  Telemetry,
  | "tracing"
  | "settled"
  | "passed"
  | "refused"
  | "dropped"
  | "internalError"
  | "slotReleased"
  | "traceTrouble"
  | "usersFile"
  | "openDoor"
  | "swapped"
  | "upstreamState"
  | "finding"
>;

/**
 * The telemetry of a worker. It has no log and no metrics of its own.
 * @param tracing - the traces of its exchanges, which it pushes itself; null: there are none
 */
export function createWorkerTelemetry(
  tell: (told: Told) => void,
  tracing: Tracing | null,
): WorkerTelemetry {
  const keeperTellsIt = (): void => {};
  const shown = (exchange: Exchange): ToldExchange => toldOf(exchange, tracing);
  return {
    tracing,
    settled(event) {
      const { exchange, ...rest } = event;
      tracing?.settled(event);
      tell(["settled", shown(exchange), rest]);
    },
    refused(event) {
      const { exchange, ...rest } = event;
      tracing?.ended(exchange, event);
      tell(["refused", shown(exchange), rest]);
    },
    dropped: (exchange, what) => tell(["dropped", shown(exchange), what]),
    internalError: ({ id }, error) => tell(["internalError", id, errorFields(error)]),
    slotReleased: (seconds) => tell(["slotReleased", seconds]),
    traceTrouble: (trouble) => tell(["traceTrouble", trouble]),
    // A worker passes no reads through, reads the same users file, and judges no upstream.
    passed: keeperTellsIt,
    usersFile: keeperTellsIt,
    openDoor: keeperTellsIt,
    swapped: keeperTellsIt,
    upstreamState: keeperTellsIt,
    finding: keeperTellsIt,
  };
}

/** The log names the trace that the exchange is part of, wherever it is written. */
function toldOf(exchange: Exchange, tracing: Tracing | null): ToldExchange {
  const { signal: _signal, query: _query, startedMono, ...told } = exchange;
  const traceparent = tracing?.traceparentOf(exchange) ?? told.traceparent;
  return { ...told, traceparent, ageMs: performance.now() - startedMono };
}

/** It is over, so nothing aborts it any more. */
const { signal } = new AbortController();

const exchangeOf = ({ ageMs, ...told }: ToldExchange): Exchange => ({
  ...told,
  ...{ signal, query: "", startedMono: performance.now() - ageMs },
});

type Listener = Pick<
  Telemetry,
  | "settled"
  | "refused"
  | "dropped"
  | "internalError"
  | "slotReleased"
  | "traceTrouble"
  | "collector"
>;

/** Tells an event of a worker as if it had happened here. */
export function tellHere(telemetry: Listener, told: Told): void {
  switch (told[0]) {
    case "settled":
      telemetry.settled({ ...told[2], exchange: exchangeOf(told[1]) });
      break;
    case "refused":
      telemetry.refused({ ...told[2], exchange: exchangeOf(told[1]) });
      break;
    case "dropped":
      telemetry.dropped(exchangeOf(told[1]), told[2]);
      break;
    case "internalError":
      telemetry.internalError({ id: told[1] }, errorOf(told[2]));
      break;
    case "slotReleased":
      telemetry.slotReleased(told[1]);
      break;
    case "collector":
      telemetry.collector(told[1]);
      break;
    case "traceTrouble":
      telemetry.traceTrouble(told[1]);
      break;
  }
}

function errorOf({ type, message, stack }: ErrorFields): Error {
  return Object.assign(new Error(message), { name: type, stack });
}
