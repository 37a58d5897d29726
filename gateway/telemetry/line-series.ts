import { createBoundedSeries } from "./bounded-series.ts";
import type { Declare } from "./declare.ts";
import type { CancelledWhere } from "./settled-event.ts";

/** A generation got its slot. */
export type TurnEvent = {
  /** The priority class: 0 is normal, below 0 is background, above 0 is raised. */
  priority: number;
  waitedMs: number;
  /** The first place; 0 if it did not wait. */
  firstPlace: number;
};

/** The series about the line: waits, refusals, cancels, estimates, and the time to free a slot. */
export type LineSeries = {
  tookTurn(turn: TurnEvent): void;
  /** The upstream holds one model at a time, and loads another. */
  swapped(): void;
  refused(code: string): void;
  cancelled(where: CancelledWhere): void;
  released(seconds: number): void;
  estimated(estimatedSeconds: number, actualSeconds: number): void;
};

export function createLineSeries(declare: Declare): LineSeries {
  const refusals = declare.counter("refusals_total", "Refused requests, by error code", ["code"]);
  const cancellations = declare.counter(
    "cancellations_total",
    "Generations that clients cancelled, by stage",
    ["where"],
  );
  const release = declare.histogram(
    "slot_release_seconds",
    "Seconds from a client's disconnect to the free slot",
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  );
  const estimateError = declare.histogram(
    "queue_estimate_error_ratio",
    "Error of the first estimated wait, divided by the real wait",
    [0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 2, 5],
  );
  const waitOf = declare.histogramBy(
    "class",
    "class_wait_seconds",
    "Queue wait in seconds of requests that got a slot, by priority",
    [0.01, 0.1, 0.5, 1, 5, 15, 30, 60, 120, 300, 600],
  );
  const firstPlace = declare.histogram(
    "first_place",
    "First queue place of requests that got a slot; 0 if a slot was free at once",
    [0, 1, 2, 3, 5, 10, 20, 50, 100],
  );
  const swaps = declare.counter(
    "model_swaps_total",
    "Starts that loaded another model, on upstreams that hold one model at a time",
    [],
  )();
  const background = waitOf("background");
  const normal = waitOf("normal");
  const raised = waitOf("raised");
  const refusalsOf = createBoundedSeries((code) => refusals(code));
  const cancelled = {
    waiting: cancellations("waiting"),
    before_first_byte: cancellations("before_first_byte"),
    mid_stream: cancellations("mid_stream"),
  };
  return {
    tookTurn({ priority, waitedMs, firstPlace: place }) {
      const waited = priority < 0 ? background : priority > 0 ? raised : normal;
      waited(waitedMs / 1000);
      firstPlace(place);
    },
    swapped: () => swaps(1),
    refused: (code) => refusalsOf(code)(1),
    cancelled: (where) => cancelled[where](1),
    released: release,
    estimated(estimatedSeconds, actualSeconds) {
      // A wait of 0 has no relative error.
      if (actualSeconds > 0) {
        estimateError(Math.abs(estimatedSeconds - actualSeconds) / actualSeconds);
      }
    },
  };
}
