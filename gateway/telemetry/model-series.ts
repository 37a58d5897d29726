import { createBoundedSeries } from "./bounded-series.ts";
import type { Add, Declare, Observe } from "./declare.ts";
import type { SettledEvent } from "./settled-event.ts";

/** The label of an exchange without a model. */
const noModel = "none";

/** Seconds. */
const toFirstToken = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
const toEnd = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

type OfModel = {
  firstToken: Observe;
  duration: Observe;
  response(status: number, dialect: string): Add;
};

/** The series by model. They never carry the user too: a scrape would block the event loop. */
export function createModelSeries(declare: Declare): (event: SettledEvent) => void {
  const responses = declare.counter(
    "responses_total",
    "Generations, by status, model and dialect; 499 means the client left",
    ["status", "model", "dialect"],
  );
  const firstToken = declare.histogramBy(
    "model",
    "time_to_first_token_seconds",
    "Seconds from request to first token, queue wait included",
    toFirstToken,
  );
  const duration = declare.histogramBy(
    "model",
    "model_request_duration_seconds",
    "Seconds from request to end of answer, queue wait included",
    toEnd,
  );
  const seriesOf = createBoundedSeries<OfModel>((model) => {
    const known = new Map<string, Add>();
    return {
      firstToken: firstToken(model),
      duration: duration(model),
      response(status, dialect) {
        const key = `${status} ${dialect}`;
        const found = known.get(key);
        if (found !== undefined) return found;
        const made = responses(String(status), model, dialect);
        known.set(key, made);
        return made;
      },
    };
  });
  return ({ model, status, exchange, firstTokenMs, durationMs }) => {
    const series = seriesOf(model ?? noModel);
    series.response(status, exchange.dialect)(1);
    series.firstToken(firstTokenMs === null ? null : firstTokenMs / 1000);
    series.duration(durationMs / 1000);
  };
}
