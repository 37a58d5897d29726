import { expect, test } from "vitest";
import { watchedGauges } from "../test/support/watched-gauges.ts";
import type { Watched } from "./gauges.ts";
import { createMetrics } from "./metrics.ts";

async function shown(change: Partial<Watched>): Promise<string> {
  const metrics = createMetrics();
  metrics.watch(watchedGauges(change));
  return await metrics.render();
}

test("gauges tell each upstream: slots, health, circuit and certificates", async () => {
  const text = await shown({
    upstreams: () => [
      {
        ...{ name: "gpu1", active: 1, capacity: 4, up: true, state: "closed", loads: 3 },
        certificates: { server: 1_900_000_000_000, client: null },
      },
      {
        ...{ name: "gpu2", active: 0, capacity: 2, up: false, state: "open", loads: null },
        certificates: { server: null, client: 1_800_000_000_000 },
      },
    ],
  });
  for (const line of [
    'upstream_active{upstream="gpu1"} 1',
    'upstream_slots{upstream="gpu2"} 2',
    'upstream_up{upstream="gpu1"} 1',
    'upstream_up{upstream="gpu2"} 0',
    'upstream_model_loads_total{upstream="gpu1"} 3',
    'upstream_circuit{upstream="gpu2",state="open"} 1',
    'upstream_circuit{upstream="gpu2",state="closed"} 0',
    'certificate_expiry_timestamp_seconds{upstream="gpu1",of="server"} 1900000000',
    'certificate_expiry_timestamp_seconds{upstream="gpu2",of="client"} 1800000000',
  ]) {
    expect(text).toContain(`llm_gateway_${line}\n`);
  }
  expect(text).toContain("# TYPE llm_gateway_upstream_model_loads_total counter");
  expect(text).not.toMatch(/certificate.*gpu1.*client|model_loads.*gpu2/);
});

test("gauges show what is not known as NaN, never as 0", async () => {
  const text = await shown({ leftForMs: () => null });
  for (const name of [
    'upstream_up{upstream="gpu1"}',
    "queue_range_coverage",
    "queue_fairness_jain",
    "slot_held_after_leaving_seconds",
    "disk_free_bytes",
    "last_backup_timestamp_seconds",
    "next_key_expiry_timestamp_seconds",
  ]) {
    expect(text).toContain(`llm_gateway_${name} Nan\n`);
  }
});

test("an upstream that is no longer there leaves no value behind", async () => {
  const pools = [{ name: "a", waiting: 1, active: 1, capacity: 1 }];
  const metrics = createMetrics();
  metrics.watch(watchedGauges({ pools: () => pools }));
  expect(await metrics.render()).toContain('llm_gateway_pool_waiting{pool="a"} 1');
  pools[0] = { name: "b", waiting: 2, active: 1, capacity: 1 };
  const text = await metrics.render();
  expect(text).toContain('llm_gateway_pool_waiting{pool="b"} 2');
  expect(text).not.toContain('pool="a"');
});
