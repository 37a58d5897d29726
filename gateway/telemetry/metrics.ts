import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import { createBoundedLabels } from "./bounded-labels.ts";
import type { SettledEvent } from "./settled-event.ts";
import { speedsOf } from "./speeds.ts";

/** A user's totals over all time, to go on counting from after a restart. */
export type Seed = { user: string; requests: number; input: number; output: number };

/** What the gauges show when they are asked. */
export type Watched = {
  line(): { waiting: number; active: number; capacity: number };
  spooled(): number;
};

export type Metrics = {
  seed(totals: readonly Seed[]): void;
  watch(watched: Watched): void;
  settled(event: SettledEvent): void;
  refused(code: string): void;
  /** Seconds from a client's leaving to the free slot. */
  released(seconds: number): void;
  /** Prometheus' text format. */
  render(): Promise<string>;
};

const seconds = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];
const speeds = [1, 5, 10, 20, 30, 50, 75, 100, 150, 200, 500, 1000];
const promptSpeeds = [10, 50, 100, 250, 500, 1000, 2500, 5000, 10_000];

/**
 * The metrics, in a registry of their own. The first names and labels are those that dashboards of this
 * gateway have always used; what is new stands in series of its own. Counters carry the user, bounded;
 * histograms the model, never the user.
 */
export function createMetrics(): Metrics {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  collectDefaultMetrics({ register: registry });
  const counter = (name: string, help: string, labelNames: string[]): Counter =>
    new Counter({ name: `llm_gateway_${name}`, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[], labels: string[] = []) =>
    new Histogram({ name: `llm_gateway_${name}`, help, buckets, labelNames: labels, registers });

  const requests = counter("requests_total", "Generations, by user", ["user"]);
  const tokens = counter("tokens_total", "Tokens, by user and type", ["user", "token_type"]);
  const duration = histogram("request_duration_seconds", "From request to end", seconds);
  const wait = histogram("queue_wait_seconds", "Waiting in line", seconds);
  const generating = histogram("generation_seconds", "Generating tokens", seconds);
  const promptEval = histogram("prompt_eval_seconds", "Reading the prompt", seconds);
  const speed = histogram("tokens_per_second", "Tokens generated a second", speeds);
  const promptSpeed = histogram("prompt_tokens_per_second", "Prompt tokens a second", promptSpeeds);

  const responses = counter("responses_total", "Generations, by status, model and dialect", [
    "status",
    "model",
    "dialect",
  ]);
  const firstToken = histogram("time_to_first_token_seconds", "To the first token", seconds, [
    "model",
  ]);
  const cancellations = counter("cancellations_total", "Clients that left, by where", ["where"]);
  const refusals = counter("refusals_total", "Requests not accepted, by error code", ["code"]);
  const release = histogram(
    "slot_release_seconds",
    "From a client's leaving to the free slot",
    [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
  );
  const userLabel = createBoundedLabels(500);
  const modelLabel = createBoundedLabels(100);

  return {
    seed(totals) {
      for (const { user, requests: count, input, output } of totals) {
        const label = userLabel(user);
        requests.inc({ user: label }, count);
        countTokens(label, input, output);
      }
    },
    watch(watched) {
      watchGauges(registers, watched);
    },
    settled(event) {
      const { input, output } = event.usage;
      const user = userLabel(event.user);
      const model = modelLabel(event.model ?? "");
      requests.inc({ user });
      countTokens(user, input ?? 0, output ?? 0);
      responses.inc({ status: String(event.status), model, dialect: event.exchange.dialect });
      if (event.cancelledWhere !== null) cancellations.inc({ where: event.cancelledWhere });
      duration.observe(event.durationMs / 1000);
      wait.observe(event.queueMs / 1000);
      if (event.firstTokenMs !== null) firstToken.observe({ model }, event.firstTokenMs / 1000);
      const found = speedsOf(event);
      if (found.generating !== null) generating.observe(found.generating);
      if (found.promptEval !== null) promptEval.observe(found.promptEval);
      if (found.tokens !== null) speed.observe(found.tokens);
      if (found.promptTokens !== null) promptSpeed.observe(found.promptTokens);
    },
    refused: (code) => refusals.inc({ code }),
    released: (taken) => release.observe(taken),
    render: () => registry.metrics(),
  };

  function countTokens(user: string, input: number, output: number): void {
    tokens.inc({ user, token_type: "input" }, input);
    tokens.inc({ user, token_type: "output" }, output);
    tokens.inc({ user, token_type: "total" }, input + output);
  }
}

function watchGauges(registers: Registry[], { line, spooled }: Watched): void {
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name: `llm_gateway_${name}`,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  };
  gauge("queue_waiting", "Requests that wait in line", () => line().waiting);
  gauge("queue_active", "Slots in use", () => line().active);
  gauge("max_concurrent", "Slots", () => line().capacity);
  gauge("ledger_spooled", "Rows of the ledger that wait for the disk", spooled);
}
