import { describe, expect, it } from "vitest";
import { sampleEvent } from "../test/support/sample-event.ts";
import { watchedGauges } from "../test/support/watched-gauges.ts";
import { createMetrics } from "./metrics.ts";

/** Type, labels, and for histograms the upper bounds, of each series as it stands in the text. */
function seriesIn(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name = "", type = ""] of text.matchAll(/^# TYPE (llm_gateway_\w+) (\w+)$/gm)) {
    const suffix = type === "histogram" ? "_bucket" : "";
    const lines = text.split("\n").filter((line) => line.startsWith(name + suffix));
    const own = lines.filter((line) => /^[{ ]/.test(line.slice((name + suffix).length)));
    const labels = new Set(
      [...(own[0] ?? "").matchAll(/(\w+)="/g)].map((match) => match[1]).filter((l) => l !== "le"),
    );
    const bounds = new Set([...own.join("\n").matchAll(/le="([\d.]+)"/g)].map((match) => match[1]));
    const shown = [...labels].sort().join(",");
    found[name] = [type, shown && `{${shown}}`, [...bounds].join(" ")].filter(Boolean).join(" ");
  }
  return found;
}

async function everySeries(): Promise<Record<string, string>> {
  const metrics = createMetrics();
  metrics.watch(
    watchedGauges({
      cluster: () => ({ isKeeper: true, gateways: 2, slotsUnproved: 1 }),
      upstreams: () => [
        {
          ...{ name: "gpu1", active: 0, capacity: 1, up: true, state: "closed", loads: 3 },
          certificates: { server: 1, client: 2 },
        },
      ],
    }),
  );
  metrics.swapped();
  metrics.settled(sampleEvent());
  metrics.refused("queue_full");
  metrics.released(0.01);
  metrics.estimated(3, 2);
  metrics.tookTurn({ priority: 0, waitedMs: 2, firstPlace: 1 });
  return seriesIn(await metrics.render());
}

/** Every series of the gateway. docs/operations.md says what each is; a test compares the two. */
const table: Readonly<Record<string, string>> = {
  llm_gateway_cancellations_total: "counter {where}",
  llm_gateway_certificate_expiry_timestamp_seconds: "gauge {of,upstream}",
  llm_gateway_class_wait_seconds: "histogram {class}",
  llm_gateway_cluster_gateways: "gauge",
  llm_gateway_cluster_keeper: "gauge",
  llm_gateway_disk_free_bytes: "gauge",
  llm_gateway_disk_size_bytes: "gauge",
  llm_gateway_first_place: "histogram",
  llm_gateway_generation_seconds: "histogram",
  llm_gateway_last_backup_timestamp_seconds: "gauge",
  llm_gateway_ledger_spooled: "gauge",
  llm_gateway_max_concurrent: "gauge",
  llm_gateway_model_request_duration_seconds: "histogram {model}",
  llm_gateway_model_swaps_total: "counter",
  llm_gateway_next_key_expiry_timestamp_seconds: "gauge",
  llm_gateway_oldest_wait_seconds: "gauge {class}",
  llm_gateway_pool_active: "gauge {pool}",
  llm_gateway_pool_slots: "gauge {pool}",
  llm_gateway_pool_waiting: "gauge {pool}",
  llm_gateway_prompt_eval_seconds: "histogram",
  llm_gateway_prompt_tokens_per_second: "histogram",
  llm_gateway_queue_active: "gauge",
  llm_gateway_queue_estimate_error_ratio: "histogram",
  llm_gateway_queue_fairness_jain: "gauge",
  llm_gateway_queue_range_coverage: "gauge",
  llm_gateway_queue_wait_seconds: "histogram",
  llm_gateway_queue_waiting: "gauge",
  llm_gateway_refusals_total: "counter {code}",
  llm_gateway_request_duration_seconds: "histogram",
  llm_gateway_requests_total: "counter {user}",
  llm_gateway_responses_total: "counter {dialect,model,status}",
  llm_gateway_slot_held_after_leaving_seconds: "gauge",
  llm_gateway_slot_release_seconds: "histogram",
  llm_gateway_slots_unproved_total: "counter",
  llm_gateway_time_to_first_token_seconds: "histogram {model}",
  llm_gateway_tokens_per_second: "histogram",
  llm_gateway_tokens_total: "counter {token_type,user}",
  llm_gateway_upstream_active: "gauge {upstream}",
  llm_gateway_upstream_circuit: "gauge {state,upstream}",
  llm_gateway_upstream_model_loads_total: "counter {upstream}",
  llm_gateway_upstream_slots: "gauge {upstream}",
  llm_gateway_upstream_up: "gauge {upstream}",
  llm_gateway_user_slot_seconds_total: "counter {user}",
};

describe("the series", () => {
  it("of old dashboards keep their names, types, labels and buckets", async () => {
    expect(await everySeries()).toMatchObject({
      llm_gateway_requests_total: "counter {user}",
      llm_gateway_tokens_total: "counter {token_type,user}",
      llm_gateway_request_duration_seconds: "histogram 1 5 15 30 60 120 300 600",
      llm_gateway_queue_wait_seconds: "histogram 0.01 0.1 0.5 1 5 15 30 60 120",
      llm_gateway_generation_seconds: "histogram 1 5 15 30 60 120 300 600",
      llm_gateway_prompt_eval_seconds: "histogram 0.1 0.5 1 2 5 10 30",
      llm_gateway_tokens_per_second: "histogram 0.5 1 2 5 10 20 50 100",
      llm_gateway_prompt_tokens_per_second: "histogram 1 5 10 20 50 100 200 500",
      llm_gateway_queue_waiting: "gauge",
      llm_gateway_queue_active: "gauge",
      llm_gateway_max_concurrent: "gauge",
    });
  });

  it("are these, with these types and labels, and no others", async () => {
    const all = await everySeries();
    // Bounds of histograms apart; those of old dashboards are above.
    const shown = Object.entries(all).map(([name, told]) => [name, told.replace(/ [\d. ]+$/, "")]);
    expect(Object.fromEntries(shown)).toEqual(table);
  });

  it("never tell a histogram by user", async () => {
    const told = Object.values(await everySeries());
    expect(told.filter((one) => one.startsWith("histogram") && one.includes("user"))).toEqual([]);
  });

  it("of the process stand beside them, without our prefix", async () => {
    const text = await createMetrics().render();
    expect(text).toMatch(/^process_resident_memory_bytes \d/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_seconds /m);
  });

  it("of departures are there at zero before the first, so that a rate is seen", async () => {
    const text = await createMetrics().render();
    for (const where of ["waiting", "before_first_byte", "mid_stream"]) {
      expect(text).toContain(`llm_gateway_cancellations_total{where="${where}"} 0`);
    }
  });

  it("of the line tell each class by itself", async () => {
    const metrics = createMetrics();
    const turns = [
      [-2, 4_000],
      [0, 0],
      [0, 1_000],
      [7, 500],
    ] as const;
    for (const [priority, waitedMs] of turns) {
      metrics.tookTurn({ priority, waitedMs, firstPlace: waitedMs === 0 ? 0 : 2 });
    }
    const text = await metrics.render();
    for (const line of [
      'class_wait_seconds_sum{class="background"} 4',
      'class_wait_seconds_sum{class="normal"} 1',
      'class_wait_seconds_count{class="normal"} 2',
      'class_wait_seconds_sum{class="raised"} 0.5',
      'first_place_bucket{le="0"} 1',
      'first_place_bucket{le="2"} 4',
      "model_swaps_total 0",
    ]) {
      expect(text).toContain(`llm_gateway_${line}`);
    }
  });

  it("of an estimate tell the part by which it was off", async () => {
    const metrics = createMetrics();
    metrics.estimated(3, 2);
    metrics.estimated(1, 0);
    const text = await metrics.render();
    expect(text).toContain("llm_gateway_queue_estimate_error_ratio_sum 0.5");
    expect(text).toContain("llm_gateway_queue_estimate_error_ratio_count 1");
  });
});
