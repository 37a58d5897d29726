import type { AddressInfo } from "node:net";
import { createServer, type Server } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chat, until } from "./support/harness.ts";
import { type MockUpstream, politeChat, startMockUpstream } from "./support/mock-upstream.ts";
import { startOtlpReceiver } from "./support/otlp-receiver.ts";
import { newDirectory, remove, type Spawned, spawnGateway } from "./support/spawned-gateway.ts";

let dir: string;
let upstream: MockUpstream;
let gateway: Spawned | null = null;
beforeEach(async () => {
  dir = newDirectory();
  upstream = await startMockUpstream(politeChat);
});
afterEach(async () => {
  gateway?.child.kill("SIGKILL");
  await gateway?.ended;
  await upstream.close();
  remove(dir);
});

async function start(endpoint: string, env: Record<string, string> = {}): Promise<Spawned> {
  gateway = await spawnGateway(dir, {
    UPSTREAM_URL: upstream.url,
    UPSTREAM_TYPE: "openai",
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_BSP_SCHEDULE_DELAY: "20",
    OTEL_METRIC_EXPORT_INTERVAL: "100",
    OTEL_EXPORTER_OTLP_TIMEOUT: "300",
    ...env,
  });
  return gateway;
}

async function ask({ url, key }: Spawned, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key()}`, ...headers },
    body: JSON.stringify(chat({ model: "tiny" })),
  });
  await response.text();
  return response.status;
}

type Line = Record<string, unknown>;
const linesOf = (spawned: Spawned): Line[] =>
  spawned
    .stdout()
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Line);
const aboutCollector = (spawned: Spawned): Line[] =>
  linesOf(spawned).filter(({ msg }) => String(msg).includes("collector"));

/** Takes connections and says nothing. */
async function startSilence(): Promise<{ url: string; server: Server }> {
  const server = createServer((socket) => socket.on("error", () => {}).resume());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

describe("a collector that is not there", () => {
  it("costs no request, is told in one line, and does not hold the stop", async () => {
    // A port that was just free.
    const gone = await startOtlpReceiver();
    await gone.close();
    const running = await start(gone.url);
    for (let i = 0; i < 5; i++) expect(await ask(running)).toBe(200);
    await until(() => aboutCollector(running).length > 0, "it is told", 10_000);
    for (let i = 0; i < 5; i++) expect(await ask(running)).toBe(200);
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(0);
    expect(aboutCollector(running)).toEqual([
      expect.objectContaining({
        level: "warn",
        msg: "the collector of OpenTelemetry fails; spans may be lost",
        trouble: expect.stringMatching(/ECONNREFUSED/),
      }),
    ]);
  });

  it("may also say nothing: the stop does not wait for its time-out", async () => {
    const { url, server } = await startSilence();
    const running = await start(url, { OTEL_EXPORTER_OTLP_TIMEOUT: "600000" });
    expect(await ask(running)).toBe(200);
    const from = performance.now();
    running.child.kill("SIGTERM");
    expect(await running.ended).toBe(0);
    // Two seconds, and slow cores; the time-out is ten minutes.
    expect(performance.now() - from).toBeLessThan(20_000);
    await new Promise((resolve) => server.close(resolve));
  });

  it("that refuses what it gets is told once, and again when it takes it", async () => {
    const refusing = await startOtlpReceiver(400);
    const running = await start(refusing.url, { OTEL_METRICS_EXPORTER: "none" });
    for (let i = 0; i < 3; i++) {
      const before = refusing.requests.length;
      expect(await ask(running)).toBe(200);
      await until(() => refusing.requests.length > before, "it was sent");
    }
    await until(() => aboutCollector(running).length > 0, "it is told", 10_000);
    refusing.answer(200);
    expect(await ask(running)).toBe(200);
    await until(() => aboutCollector(running).length > 1, "it is well again", 10_000);
    expect(aboutCollector(running).map(({ level }) => level)).toEqual(["warn", "info"]);
    await refusing.close();
  });
});

it("what the exporters read of the environment themselves holds too", async () => {
  const collector = await startOtlpReceiver();
  const running = await start(collector.url, {
    OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
    OTEL_EXPORTER_OTLP_TRACES_HEADERS: "x-only=traces",
  });
  expect(await ask(running)).toBe(200);
  await until(() => collector.spans.length === 3, "the spans");
  const found = collector.requests.find(({ path }) => path === "/v1/traces");
  expect(found?.headers).toMatchObject({ "content-encoding": "gzip", "x-only": "traces" });
  await collector.close();
});

describe("the trace's id in the log", () => {
  it("is that of the trace, in every line of an exchange", async () => {
    const collector = await startOtlpReceiver();
    const running = await start(collector.url);
    await ask(running);
    await (await fetch(`${running.url}/v1/models`)).text();
    const lines = () =>
      linesOf(running).filter(({ msg }) => /^(exchange|refused)$/.test(String(msg)));
    await until(() => lines().length === 2, "two lines");
    await until(() => collector.spans.filter(({ kind }) => kind === 2).length === 2, "two traces");
    const traces = collector.spans.filter(({ kind }) => kind === 2).map(({ traceId }) => traceId);
    expect(new Set(lines().map(({ trace_id }) => trace_id))).toEqual(new Set(traces));
    await collector.close();
  });

  it("is the client's where nothing is traced, and its header passes unchanged", async () => {
    const running = await start("off");
    const traceparent = `00-${"c".repeat(32)}-${"d".repeat(16)}-01`;
    await ask(running, { traceparent });
    await ask(running);
    const lines = () => linesOf(running).filter(({ msg }) => msg === "exchange");
    await until(() => lines().length === 2, "two lines");
    expect(lines().map(({ trace_id }) => trace_id)).toEqual(["c".repeat(32), undefined]);
    expect(upstream.seen.map(({ headers }) => headers.traceparent)).toEqual([
      traceparent,
      undefined,
    ]);
  });
});
