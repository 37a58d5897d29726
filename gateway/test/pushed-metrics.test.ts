import { afterEach, beforeEach, expect, it } from "vitest";
import { hashedUser } from "../telemetry/hashed-user.ts";
import { chat, startTestGateway, type TestGateway, until } from "./support/harness.ts";
import { politeChat } from "./support/mock-upstream.ts";
import {
  type OtlpReceiver,
  type ReceivedPoint,
  startOtlpReceiver,
} from "./support/otlp-receiver.ts";

let collector: OtlpReceiver;
beforeEach(async () => {
  collector = await startOtlpReceiver();
});
afterEach(() => collector.close());

const start = (env: Record<string, string> = {}) =>
  startTestGateway(politeChat, {
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_METRIC_EXPORT_INTERVAL: "100",
    ...env,
  });

async function askTwice(gateway: TestGateway): Promise<void> {
  for (const user of ["alice", "bob"]) {
    const body = chat({ stream: true, model: "tiny" });
    await (await gateway.post("/v1/chat/completions", body, { user })).text();
  }
}

const pointsOf = (name: string): ReceivedPoint[] => collector.metrics.get(name)?.points ?? [];
const countOf = (name: string): number => pointsOf(name).reduce((sum, { count }) => sum + count, 0);

it("GenAI's metrics have the names, units and numbers that dashboards read", async () => {
  await using gateway = await start();
  await askTwice(gateway);
  await until(() => countOf("gen_ai.server.request.duration") === 2, "both are counted");
  for (const name of ["gen_ai.server.time_to_first_token", "gen_ai.client.operation.duration"]) {
    expect(collector.metrics.get(name)).toMatchObject({ unit: "s", kind: "histogram" });
    expect(countOf(name), name).toBe(2);
  }
  expect(countOf("gen_ai.server.time_per_output_token")).toBe(2);
  const tokens = pointsOf("gen_ai.client.token.usage").map(({ attributes, count, sum }) => {
    return [attributes["gen_ai.token.type"], count, sum];
  });
  expect(tokens.sort()).toEqual([
    ["input", 2, 6],
    ["output", 2, 4],
  ]);
  const [point] = pointsOf("gen_ai.server.request.duration");
  expect(point?.attributes).toMatchObject({
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "tiny",
  });
  expect(point?.bounds.slice(0, 3)).toEqual([0.01, 0.02, 0.04]);
  // A user for each series would be too many.
  expect(
    JSON.stringify([...collector.metrics.values()].filter(({ name }) => name.startsWith("gen_ai"))),
  ).not.toContain("person-");
});

it("the gateway's own series are pushed too, with the numbers of /metrics", async () => {
  await using gateway = await start();
  await askTwice(gateway);
  const requests = (): ReceivedPoint[] => pointsOf("llm_gateway.requests");
  await until(() => requests().length === 2 && countOf("llm_gateway.queue_wait") === 2, "pushed");
  expect(collector.metrics.get("llm_gateway.requests")?.kind).toBe("sum");
  expect(
    requests()
      .map(({ attributes, value }) => [attributes.user, value])
      .sort(),
  ).toEqual([hashedUser("alice"), hashedUser("bob")].map((user) => [user, 1]).sort());
  expect(collector.metrics.get("llm_gateway.max_concurrent")).toMatchObject({
    kind: "gauge",
    points: [{ value: 1 }],
  });
  // A gauge that is not known is left out.
  expect(pointsOf("llm_gateway.queue_fairness_jain")).toEqual([]);

  const text = await (await fetch(`${gateway.url}/metrics`)).text();
  const wait = collector.metrics.get("llm_gateway.queue_wait");
  expect(wait).toMatchObject({ unit: "s", kind: "histogram" });
  const [{ buckets, bounds, count } = { buckets: [], bounds: [], count: 0 }] = wait?.points ?? [];
  expect(buckets.length).toBe(bounds.length + 1);
  expect(buckets.reduce((sum, one) => sum + one, 0)).toBe(count);
  let below = 0;
  bounds.forEach((bound, at) => {
    below += buckets[at] ?? 0;
    expect(text).toContain(`llm_gateway_queue_wait_seconds_bucket{le="${bound}"} ${below}\n`);
  });
  // Each that has a number, under a name that a collector turns back into the one in /metrics.
  const types = [...text.matchAll(/^# TYPE llm_gateway_(\S+) /gm)].map(([, name]) => name ?? "");
  const scraped = types.filter((name) => {
    return new RegExp(`^llm_gateway_${name}(_count)?(\\{.*\\})? (?!Nan)`, "m").test(text);
  });
  expect(scraped.length).toBeGreaterThan(20);
  for (const name of scraped) {
    const pushed = `llm_gateway.${name.replace(/(_total|_seconds|_bytes)+$/, "")}`;
    expect([...collector.metrics.keys()]).toContain(pushed);
  }
});

it("users have their names in pushed series only if METRICS_USERS says so", async () => {
  await using gateway = await start({ METRICS_USERS: "names" });
  await askTwice(gateway);
  await until(() => pointsOf("llm_gateway.requests").length === 2, "pushed");
  const users = pointsOf("llm_gateway.requests").map(({ attributes }) => attributes.user);
  expect(users.sort()).toEqual(["alice", "bob"]);
});
