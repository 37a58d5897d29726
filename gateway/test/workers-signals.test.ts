import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { chat, newTestKey, until } from "./support/harness.ts";
import { type MockUpstream, politeChat, startMockUpstream } from "./support/mock-upstream.ts";
import { type NoticeReceiver, startNoticeReceiver } from "./support/notice-receiver.ts";
import { type OtlpReceiver, startOtlpReceiver } from "./support/otlp-receiver.ts";
import { newDirectory, remove, type Spawned, spawnGateway } from "./support/spawned-gateway.ts";

let dir: string;
let upstream: MockUpstream;
let gateway: Spawned | null = null;
let collector: OtlpReceiver;
let phone: NoticeReceiver;
const key = newTestKey();
beforeEach(async () => {
  dir = newDirectory();
  upstream = await startMockUpstream(politeChat);
  collector = await startOtlpReceiver();
  phone = await startNoticeReceiver();
});
afterEach(async () => {
  gateway?.child.kill("SIGKILL");
  await gateway?.ended;
  await Promise.all([upstream.close(), collector.close(), phone.close()]);
  remove(dir);
});

async function start(env: Record<string, string>): Promise<Spawned> {
  const alice = { user: "alice", notify: `${phone.url}/alice` };
  writeFileSync(join(dir, "users.json"), JSON.stringify({ [key]: alice }));
  gateway = await spawnGateway(dir, {
    WORKERS: "2",
    UPSTREAM_URL: upstream.url,
    UPSTREAM_TYPE: "openai",
    USERS_FILE: "users.json",
    ...env,
  });
  return gateway;
}

async function ask({ url }: Spawned, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, connection: "close", ...headers },
    body: JSON.stringify(chat({ model: "tiny" })),
  });
  await response.text();
  return response.status;
}

it("each request of several processes is one trace, which the log names; metrics are sent once", async () => {
  const running = await start({
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_BSP_SCHEDULE_DELAY: "20",
    OTEL_METRIC_EXPORT_INTERVAL: "100",
  });
  const many = 6;
  for (let i = 0; i < many; i++) expect(await ask(running)).toBe(200);
  const roots = () => collector.spans.filter(({ kind }) => kind === 2);
  await until(() => roots().length === many, `${many} traces`);
  for (const { traceId, spanId } of roots()) {
    const children = collector.spans.filter((span) => span.parentId === spanId);
    expect(children.map(({ name }) => name).sort()).toEqual(["chat tiny", "wait in queue"]);
    const attempt = children.find(({ kind }) => kind === 3);
    const sent = upstream.seen.map(({ headers }) => headers.traceparent);
    expect(sent).toContain(`00-${traceId}-${attempt?.spanId}-01`);
    const line = `"trace_id":"${traceId}"`;
    await until(() => running.stdout().includes(line), "its line of the log");
  }
  const counted = () => collector.metrics.get("gen_ai.server.request.duration")?.points ?? [];
  await until(() => counted().reduce((sum, { count }) => sum + count, 0) === many, "all counted");
});

it("a request that a worker has served is told when it is done, and so is a limit", async () => {
  const limits = { ENABLE_RATE_LIMITING: "true", MAX_REQUESTS: "2" };
  const running = await start({ NOTIFY_AFTER: "1ms", ...limits });
  const headers = { "x-notify": "done" };
  const statuses: number[] = [];
  for (let i = 0; i < 3; i++) statuses.push(await ask(running, headers));
  expect(statuses).toEqual([200, 200, 429]);
  await until(() => phone.got.length === 3, "three notices");
  expect(phone.got.map(({ path, body }) => [path, body.event])).toEqual([
    ["/alice", "request_done"],
    ["/alice", "request_done"],
    ["/alice", "limit_reached"],
  ]);
});
