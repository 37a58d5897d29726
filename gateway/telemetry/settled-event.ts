import type { Exchange } from "../exchange.ts";
import type { NotifyAddress } from "../kinds/notify-address.ts";

/** The stage of a generation when its client left. */
export type CancelledWhere = "waiting" | "before_first_byte" | "mid_stream";

/** A generation that has ended in any way. Times are in milliseconds; null is unknown. */
export type SettledEvent = {
  exchange: Exchange;
  /** Null if the user is unknown. */
  user: string | null;
  /** A program named the user, who has no entry in users.json. */
  isBehindKey?: boolean;
  model: string | null;
  upstream: string;
  /** 499 for a client that left. */
  status: number;
  errorCode: string | null;
  state: "done" | "failed" | "cancelled";
  queueMs: number;
  /** Milliseconds since the start of the exchange. */
  firstTokenMs: number | null;
  upstreamMs: number | null;
  durationMs: number;
  usage: {
    input: number | null;
    output: number | null;
    cached: number | null;
    reasoning: number | null;
    source: string | null;
  };
  /** llama.cpp's own measure. */
  timings: {
    promptTokens: number | null;
    promptMs: number | null;
    outputTokens: number | null;
    outputMs: number | null;
  } | null;
  cancelledWhere: CancelledWhere | null;
  /** Where its user wants to hear of this; null or absent: nowhere. */
  notify?: NotifyAddress | null;
};
