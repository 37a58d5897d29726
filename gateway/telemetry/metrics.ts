import { collectDefaultMetrics, Registry } from "prom-client";
import { createDeclare } from "./declare.ts";
import { createGauges, type Watched } from "./gauges.ts";
import { createLineSeries, type LineSeries } from "./line-series.ts";
import { createModelSeries } from "./model-series.ts";
import type { SettledEvent } from "./settled-event.ts";
import { speedsOf } from "./speeds.ts";
import { createTimeSeries } from "./time-series.ts";
import { createUpstreamSpeeds, type UpstreamSpeeds } from "./upstream-speeds.ts";
import { createUserSeries, type UserSeries } from "./user-series.ts";

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
    watch: (watched) => createGauges(declare, watched),
    settled(event) {
      const { input, output } = event.usage;
      const used = { input, output, slotMs: event.upstreamMs };
      users.settled(event.user ?? noUser, event.isBehindKey === true, used);
      const measured = speedsOf(event);
      speeds.settled(event.upstream, measured);
      times(event, measured);
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
