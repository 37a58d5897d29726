import { createBoundedSeries } from "./bounded-series.ts";
import type { Declare } from "./declare.ts";
import type { CancelledWhere } from "./settled-event.ts";

/** What is told of the line: who was refused, who left, and how well it foresees and lets go. */
export type LineSeries = {
  refused(code: string): void;
  cancelled(where: CancelledWhere): void;
  released(seconds: number): void;
  estimated(estimatedSeconds: number, actualSeconds: number): void;
};

export function createLineSeries(declare: Declare): LineSeries {
  const refusals = declare.counter("refusals_total", "Requests not accepted, by error code", [
    "code",
  ]);
  const cancellations = declare.counter("cancellations_total", "Clients that left, by where", [
    "where",
  ]);
  const release = declare.histogram(
    "slot_release_seconds",
    "From a client's leaving to the free slot",
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  );
  const estimateError = declare.histogram(
    "queue_estimate_error_ratio",
    "How far the first estimate of a wait was off, as a part of the wait",
    [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5],
  );
  const refusalsOf = createBoundedSeries((code) => refusals(code));
  const cancelled = {
    waiting: cancellations("waiting"),
    before_first_byte: cancellations("before_first_byte"),
    mid_stream: cancellations("mid_stream"),
  };
  return {
    refused: (code) => refusalsOf(code)(1),
    cancelled: (where) => cancelled[where](1),
    released: release,
    estimated(estimatedSeconds, actualSeconds) {
      // Of no wait at all, no part can be wrong.
      if (actualSeconds > 0) {
        estimateError(Math.abs(estimatedSeconds - actualSeconds) / actualSeconds);
      }
    },
  };
}
