import type { Exchange } from "../exchange.ts";
import type { SettledEvent } from "./settled-event.ts";

/** An upstream that a generation is sent to. */
export type AskedUpstream = {
  readonly name: string;
  /** The kind of server, or the family of its API. */
  readonly provider: string;
  /** `http://host:port`. */
  readonly origin: string;
  /** The model's name there; null: none. */
  readonly model: string | null;
};

/** The wait in the queue for one slot. */
export type WaitSpan = {
  /** Null: no slot came of it. The estimate is the first one, in seconds; null: there was none. */
  ended(slot: { firstPlace: number; estimateSeconds: number | null } | null): void;
};

/** One try at an upstream. */
export type AttemptSpan = {
  /** The header that makes the upstream's own spans part of this try. */
  readonly traceparent: string;
  /** The request is being written in the words of another API. The returned function ends that. */
  converts(to: string): () => void;
  /** Null: the upstream has answered. */
  ended(errorCode: string | null): void;
};

/** Every trace, as OpenTelemetry has them. No call throws, none waits. */
export type Tracing = {
  /** Called once, before anything else is told of the exchange. */
  began(exchange: Exchange): void;
  /** The 32 hex digits of its trace; null for an exchange that was never begun. */
  traceIdOf(exchange: Exchange): string | null;
  /** The header for what passes through without a try of its own. */
  traceparentOf(exchange: Exchange): string | null;
  waits(exchange: Exchange): WaitSpan;
  asks(exchange: Exchange, upstream: AskedUpstream): AttemptSpan;
  /** A generation has ended. */
  settled(event: SettledEvent): void;
  /** Any other exchange has ended. */
  ended(exchange: Exchange, end: PlainEnd): void;
};

/** The end of an exchange without a row. */
export type PlainEnd = {
  readonly user: string | null;
  readonly status: number;
  readonly errorCode: string | null;
};
