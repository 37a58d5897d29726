import type { Exchange } from "../exchange.ts";
import type { AnswerOptions } from "./answer-options.ts";
import { beatFor, createPulse } from "./pulse.ts";

/** Milliseconds; null is off. */
export type OpenAnswersOptions = Pick<AnswerOptions, "queueEvents" | "keepAliveMs" | "mayFrame"> & {
  /** How long a JSON answer may be silent, for a client behind the tunnel, and on the LAN. */
  readonly jsonKeepAliveTunnelMs: number | null;
  readonly jsonKeepAliveLanMs: number | null;
  readonly idleTimeoutMs: number | null;
};

/** What all answers share: one timer, and the options of each. */
export type OpenAnswers = Disposable & { optionsFor(exchange: Exchange): AnswerOptions };

/** A client that takes no byte for so long is gone, if IDLE_TIMEOUT is off. Milliseconds. */
const stallMs = 300_000;

export function openAnswers(options: OpenAnswersOptions): OpenAnswers {
  const { queueEvents, keepAliveMs, mayFrame, idleTimeoutMs } = options;
  const { jsonKeepAliveTunnelMs, jsonKeepAliveLanMs } = options;
  const times = [keepAliveMs, jsonKeepAliveTunnelMs, jsonKeepAliveLanMs, idleTimeoutMs];
  const pulse = createPulse({ everyMs: beatFor(times) });
  return {
    optionsFor: ({ isPublic }) => ({
      pulse,
      queueEvents,
      keepAliveMs,
      silenceMs: isPublic ? jsonKeepAliveTunnelMs : jsonKeepAliveLanMs,
      stallMs: idleTimeoutMs ?? stallMs,
      mayFrame,
    }),
    [Symbol.dispose]: () => pulse.stop(),
  };
}
