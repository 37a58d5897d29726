import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { holding, inLine } from "./support/holding.ts";
import { politeChat } from "./support/mock-upstream.ts";
import { ownRoutes } from "./support/own-routes.ts";

/** The series of the gateway, without their prefix. */
async function metricsOf({ url }: TestGateway): Promise<Map<string, number>> {
  const { text } = await ownRoutes(url).get("/metrics").expect(200);
  const lines = text.matchAll(/^llm_gateway_(.+) (\S+)$/gm);
  return new Map([...lines].map(([, name = "", value]) => [name, Number(value)]));
}

test("metrics show the queue of each pool, and how long its oldest request waits, by class", async () => {
  const upstream = holding();
  await using gateway = await startTestGateway(upstream.handler);
  const ask = (user: string, headers = {}) =>
    gateway.post("/v1/chat/completions", chat(), { user, headers });
  const asked = [ask("alice")];
  await inLine(gateway, { active: 1, waiting: 0 });
  asked.push(ask("bob", { "x-priority": "background" }));
  await inLine(gateway, { active: 1, waiting: 1 });
  await until(
    async () =>
      ((await metricsOf(gateway)).get('oldest_wait_seconds{class="background"}') ?? 0) > 0.05,
    "it has waited",
  );
  const metrics = await metricsOf(gateway);
  const pool = gateway.upstream.url;
  expect(metrics.get(`pool_waiting{pool="${pool}"}`)).toBe(1);
  expect(metrics.get(`pool_active{pool="${pool}"}`)).toBe(1);
  expect(metrics.get(`pool_slots{pool="${pool}"}`)).toBe(1);
  expect(metrics.get(`upstream_active{upstream="${pool}"}`)).toBe(1);
  expect(metrics.get('oldest_wait_seconds{class="normal"}')).toBe(0);
  upstream.releaseAll();
  for (const answer of asked) await (await answer).text();
  const after = await metricsOf(gateway);
  expect(after.get('oldest_wait_seconds{class="background"}')).toBe(0);
  expect(after.get(`upstream_up{upstream="${pool}"}`)).toBe(1);
  expect(after.get('user_slot_seconds_total{user="alice"}')).toBeGreaterThan(0.05);
});

test("metrics show an upstream that is down, and its open circuit", async () => {
  await using gateway = await startTestGateway((_, response) => void response.destroy());
  const { url } = gateway.upstream;
  for (let n = 0; n < 3; n++) await gateway.post("/v1/chat/completions", chat());
  const metrics = await metricsOf(gateway);
  expect(metrics.get(`upstream_up{upstream="${url}"}`)).toBe(0);
  expect(metrics.get(`upstream_circuit{upstream="${url}",state="closed"}`)).toBe(0);
});

test("metrics show the disk, the newest backup, and the next key that ends", async () => {
  await using gateway = await startTestGateway(politeChat);
  const before = await metricsOf(gateway);
  expect(before.get("disk_free_bytes")).toBeGreaterThan(0);
  expect(before.get("disk_size_bytes")).toBeGreaterThan(before.get("disk_free_bytes") ?? 0);
  expect(before.get("last_backup_timestamp_seconds")).toBeNaN();
  expect(before.get("next_key_expiry_timestamp_seconds")).toBeNaN();
  mkdirSync(join(gateway.dir, "backups"));
  writeFileSync(join(gateway.dir, "backups", "llm-gateway-1.tar.gz"), "");
  const users = {
    "sk-ended-ended-ended-ended": { user: "a", expires: "2020-01-01" },
    "sk-later-later-later-later": { user: "b", expires: "2090-01-01" },
    "sk-never-never-never-never": { user: "c", expires: "2080-01-01", disabled: true },
  };
  writeFileSync(gateway.usersFile, JSON.stringify(users));
  const after = await metricsOf(gateway);
  expect(after.get("last_backup_timestamp_seconds")).toBeCloseTo(Date.now() / 1000, -2);
  expect(after.get("next_key_expiry_timestamp_seconds")).toBe(Date.UTC(2090, 0) / 1000);
});

test("metrics show how long a slot is held for a client that has left", async () => {
  const upstream = holding();
  // Asked for log probabilities, it cannot run as a stream: the slot is held until the answer ends.
  await using gateway = await startTestGateway(upstream.handler, { UPSTREAM_TYPE: "llamacpp" });
  const leaving = new AbortController();
  const left = gateway.post("/v1/chat/completions", chat({ logprobs: true }), {
    signal: leaving.signal,
  });
  await inLine(gateway, { active: 1, waiting: 0 });
  expect((await metricsOf(gateway)).get("slot_held_after_leaving_seconds")).toBe(0);
  leaving.abort();
  await left.catch(() => {});
  await until(
    async () => ((await metricsOf(gateway)).get("slot_held_after_leaving_seconds") ?? 0) > 0.2,
    "it is held",
  );
  upstream.releaseAll();
  await inLine(gateway, { active: 0, waiting: 0 });
  await until(
    async () => (await metricsOf(gateway)).get("slot_held_after_leaving_seconds") === 0,
    "it is free",
  );
});
