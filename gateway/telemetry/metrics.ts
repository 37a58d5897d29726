import { collectDefaultMetrics, Registry } from "prom-client";
import { createDeclare } from "./declare.ts";
import { createLineSeries, type LineSeries } from "./line-series.ts";
import { createModelSeries } from "./model-series.ts";
import type { SettledEvent } from "./settled-event.ts";
import { createTimeSeries } from "./time-series.ts";
import { createUpstreamSpeeds, type UpstreamSpeeds } from "./upstream-speeds.ts";
import { createUserSeries, type UserSeries } from "./user-series.ts";

/** Reads the values of the gauges. */
type Watched = {
  line(): { waiting: number; active: number; capacity: number };
  /** Ledger rows in memory that are not yet on disk. */
  spooled(): number;
  /** The part of the latest waits that ended within the range that was told; null: not known. */
  coverage(): number | null;
  /** Jain's index of the last ten minutes; null: not known. */
  fairness(): number | null;
};

export type Metrics = Pick<LineSeries, "tookTurn" | "swapped"> & {
  /** Sets the totals. Called once, before anything is counted. */
  seed: UserSeries["seed"];
  /** Adds the gauges to the text. Called once. */
  watch(watched: Watched): void;
  settled(event: SettledEvent): void;
  speedOf: UpstreamSpeeds["speedOf"];
  refused(code: string): void;
  /** Seconds from a client's leaving to the free slot. */
  released(seconds: number): void;
  /** The first estimated wait and the real wait of a request that got its slot. Seconds. */
  estimated(estimatedSeconds: number, actualSeconds: number): void;
  /** Prometheus' text format. */
  render(): Promise<string>;
  /** The same series as objects. */
  read(): ReturnType<Registry["getMetricsAsJSON"]>;
};

/** The label of a generation without a known user. */
const noUser = "none";

/**
 * The metrics, in a registry of their own. The first names, labels and buckets are those that
 * existing dashboards use. New metrics are new series, so old panels keep working. Counters carry
 * the user, histograms the model, both bounded. No call throws, whatever the numbers are.
 * @param showsPeople - people behind a key have their names; else a hash: names of people who have
 * no entry in users.json are e-mail addresses, and metrics go to other machines
 */
export function createMetrics(showsPeople: boolean = false): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const declare = createDeclare(registry);
  const users = createUserSeries(declare, showsPeople);
  const times = createTimeSeries(declare);
  const speeds = createUpstreamSpeeds();
  const models = createModelSeries(declare);
  const line = createLineSeries(declare);
  return {
    seed: users.seed,
    watch(watched) {
      const { gauge } = declare;
      gauge("queue_waiting", "Requests in the queue", () => watched.line().waiting);
      gauge("queue_active", "Slots in use", () => watched.line().active);
      gauge("max_concurrent", "Slots", () => watched.line().capacity);
      gauge(
        "queue_range_coverage",
        "Part of the latest 200 waits that ended within the range that was told; goal 0.8",
        () => watched.coverage() ?? Number.NaN,
      );
      gauge(
        "queue_fairness_jain",
        "Jain's index of slot time by weight, of users with a backlog for 10 minutes; 1 is fair",
        () => watched.fairness() ?? Number.NaN,
      );
      gauge("ledger_spooled", "Ledger rows in memory that are not yet on disk", watched.spooled);
    },
    settled(event) {
      const { input, output } = event.usage;
      users.settled(event.user ?? noUser, event.isBehindKey === true, { input, output });
      speeds.settled(event);
      times(event);
      models(event);
      if (event.cancelledWhere !== null) line.cancelled(event.cancelledWhere);
    },
    tookTurn: line.tookTurn,
    swapped: line.swapped,
    refused: line.refused,
    released: line.released,
    estimated: line.estimated,
    speedOf: speeds.speedOf,
    render: () => registry.metrics(),
    read: () => registry.getMetricsAsJSON(),
  };
}
