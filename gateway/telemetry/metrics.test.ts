import { describe, expect, it } from "vitest";
import { sampleEvent } from "../test/support/sample-event.ts";
import { watchedGauges } from "../test/support/watched-gauges.ts";
import { createMetrics, type Metrics } from "./metrics.ts";

async function lines(metrics: Metrics): Promise<string[]> {
  return (await metrics.render()).split("\n");
}

describe("the metrics", () => {
  it("keep the names, labels and meanings that dashboards know", async () => {
    const metrics = createMetrics();
    metrics.watch(
      watchedGauges({ line: () => ({ waiting: 3, active: 1, capacity: 2 }), spooled: () => 4 }),
    );
    metrics.settled(sampleEvent());
    const text = await lines(metrics);
    for (const line of [
      'llm_gateway_requests_total{user="alice"} 1',
      'llm_gateway_tokens_total{user="alice",token_type="input"} 30',
      'llm_gateway_tokens_total{user="alice",token_type="output"} 40',
      'llm_gateway_tokens_total{user="alice",token_type="total"} 70',
      "llm_gateway_request_duration_seconds_sum 7",
      "llm_gateway_queue_wait_seconds_sum 2",
      "llm_gateway_generation_seconds_sum 4",
      "llm_gateway_prompt_eval_seconds_sum 1",
      "llm_gateway_tokens_per_second_sum 10",
      "llm_gateway_prompt_tokens_per_second_sum 20",
      "llm_gateway_queue_waiting 3",
      "llm_gateway_queue_active 1",
      "llm_gateway_max_concurrent 2",
      "llm_gateway_ledger_spooled 4",
      'llm_gateway_responses_total{status="200",model="tiny",dialect="chat"} 1',
      'llm_gateway_time_to_first_token_seconds_count{model="tiny"} 1',
    ]) {
      expect(text).toContain(line);
    }
  });

  it("take the upstream's own measure of speed where there is one", async () => {
    const metrics = createMetrics();
    metrics.settled(
      sampleEvent({
        timings: { promptTokens: 20, promptMs: 100, outputTokens: 40, outputMs: 500 },
      }),
    );
    const text = await lines(metrics);
    expect(text).toContain("llm_gateway_generation_seconds_sum 0.5");
    expect(text).toContain("llm_gateway_tokens_per_second_sum 80");
    expect(text).toContain("llm_gateway_prompt_eval_seconds_sum 0.1");
    expect(text).toContain("llm_gateway_prompt_tokens_per_second_sum 200");
  });

  it("observe nothing that is unknown", async () => {
    const metrics = createMetrics();
    const usage = { input: null, output: null, cached: null, reasoning: null, source: null };
    metrics.settled(sampleEvent({ usage, firstTokenMs: null, cancelledWhere: "waiting" }));
    const text = await lines(metrics);
    expect(text).toContain("llm_gateway_generation_seconds_count 0");
    expect(text).toContain("llm_gateway_tokens_per_second_count 0");
    expect(text).toContain('llm_gateway_cancellations_total{where="waiting"} 1');
  });

  it("go on counting after a restart", async () => {
    const metrics = createMetrics();
    metrics.seed([{ user: "alice", requests: 5, input: 100, output: 10 }], () => true);
    metrics.settled(sampleEvent());
    const text = await lines(metrics);
    expect(text).toContain('llm_gateway_requests_total{user="alice"} 6');
    expect(text).toContain('llm_gateway_tokens_total{user="alice",token_type="total"} 180');
  });

  it("do not grow with every model name that a client makes up", async () => {
    const metrics = createMetrics();
    for (let i = 0; i < 1_000; i++) metrics.settled(sampleEvent({ model: `m${i}` }));
    const series = (await lines(metrics)).filter((line) =>
      line.startsWith("llm_gateway_responses_total{"),
    );
    expect(series).toHaveLength(101);
    expect(series.at(-1)).toBe(
      'llm_gateway_responses_total{status="200",model="other",dialect="chat"} 900',
    );
  });

  it("show no key that was sent as a model's name", async () => {
    const metrics = createMetrics();
    metrics.settled(sampleEvent({ model: `sk-${"a".repeat(32)}` }));
    expect(await metrics.render()).not.toContain("aaaaaaaa");
  });

  it("cannot be broken by numbers that are none", async () => {
    const metrics = createMetrics();
    const bad = { input: Number.NaN, output: -5, cached: null, reasoning: null, source: null };
    metrics.settled(sampleEvent({ usage: bad, queueMs: Number.NaN, durationMs: -1 }));
    metrics.settled(sampleEvent({ firstTokenMs: Number.POSITIVE_INFINITY }));
    metrics.seed([{ user: "bob", requests: Number.NaN, input: -1, output: 0 }], () => true);
    metrics.released(Number.NaN);
    metrics.estimated(Number.NaN, 1);
    const text = await lines(metrics);
    expect(text).toContain('llm_gateway_requests_total{user="alice"} 2');
    expect(text.filter((line) => / (NaN|Nan|-\d)/.test(line) && line.startsWith("llm_"))).toEqual(
      [],
    );
  });

  it("keep the names of the busiest users where a restart finds too many", async () => {
    const metrics = createMetrics();
    const crowd = Array.from({ length: 600 }, (_, i) => {
      return { user: `u${i}`, requests: i, input: 1, output: 1 };
    });
    metrics.seed(crowd, () => true);
    const text = await lines(metrics);
    expect(text).toContain('llm_gateway_requests_total{user="u599"} 599');
    expect(text).not.toContain('llm_gateway_requests_total{user="u1"} 1');
    const counted = text
      .filter((line) => line.startsWith("llm_gateway_requests_total{"))
      .reduce((sum, line) => sum + Number(line.split(" ")[1]), 0);
    expect(counted).toBe((599 * 600) / 2);
  });

  it("name the first 50 users until a restart, and tell the rest together", async () => {
    const metrics = createMetrics();
    const totals = Array.from({ length: 30 }, (_, n) => ({
      ...{ user: `seeded-${n}`, requests: n + 1, input: 1, output: 1 },
    }));
    metrics.seed(totals, () => true);
    for (let n = 0; n < 40; n++) {
      metrics.settled(sampleEvent({ user: `new-${n}`, upstreamMs: 500 }));
    }
    // The 20 first new ones have names, and keep them, whatever the others do.
    for (let n = 0; n < 100; n++) metrics.settled(sampleEvent({ user: "new-39" }));
    const text = await lines(metrics);
    const users = text.filter((line) => line.startsWith("llm_gateway_requests_total{"));
    expect(users).toHaveLength(51);
    expect(users).toContain('llm_gateway_requests_total{user="new-19"} 1');
    expect(users).toContain('llm_gateway_requests_total{user="other"} 120');
    expect(text).toContain('llm_gateway_user_slot_seconds_total{user="new-0"} 0.5');
  });

  it("know nothing of other registries", async () => {
    const one = createMetrics();
    const next = createMetrics();
    one.settled(sampleEvent());
    expect(await next.render()).not.toContain('user="alice"');
  });
});
