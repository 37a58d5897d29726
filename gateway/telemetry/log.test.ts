import { describe, expect, it, vi } from "vitest";
import { sampleEvent, sampleExchange } from "../test/support/sample-event.ts";
import { createTelemetry, type Telemetry } from "./events.ts";
import { createLog } from "./log.ts";
import { createMetrics } from "./metrics.ts";

function recorded(level = "info"): { telemetry: Telemetry; lines(): Record<string, unknown>[] } {
  let written = "";
  const destination = {
    write(text: string): void {
      written += text;
    },
  };
  const log = createLog({ level, form: "json", destination });
  return {
    telemetry: createTelemetry({ log, metrics: createMetrics() }),
    lines: () =>
      written
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

const exchange = sampleExchange({ isPublic: true });

describe("the log", () => {
  it("has one JSON line for an exchange, with all that is known of it", () => {
    const { telemetry, lines } = recorded();
    telemetry.settled({
      exchange,
      user: "alice",
      model: "tiny",
      upstream: "http://127.0.0.1:1",
      status: 499,
      errorCode: "client_closed",
      state: "cancelled",
      queueMs: 12.345,
      firstTokenMs: null,
      upstreamMs: null,
      durationMs: 20,
      usage: { input: null, output: 7, cached: null, reasoning: null, source: "estimated" },
      timings: null,
      cancelledWhere: "mid_stream",
    });
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toMatchObject({
      msg: "exchange",
      id: exchange.id,
      user: "alice",
      method: "POST",
      path: "/v1/chat/completions",
      model: "tiny",
      status: 499,
      queue_ms: 12.3,
      duration_ms: 20,
      output_tokens: 7,
      public: true,
    });
  });

  it("tells the time of each line, also when the clock is set back", () => {
    const times = [0, 7, 999, 1_000, 61_012, 59_999, 86_400_000, -1].map(
      (ms) => Date.UTC(2026, 10, 29) + ms,
    );
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      const { telemetry, lines } = recorded();
      for (const time of times) {
        vi.setSystemTime(time);
        telemetry.settled(sampleEvent());
      }
      expect(lines().map(({ time }) => time)).toEqual(
        times.map((time) => new Date(time).toISOString()),
      );
    } finally {
      vi.useRealTimers();
    }
  });

  it("cannot be given lines of its own by a client", () => {
    const { telemetry, lines } = recorded();
    const path = '/v1/x\n{"level":30,"msg":"forged"}\u2028';
    telemetry.passed({ exchange: { ...exchange, path }, user: null, status: 200 });
    expect(lines()).toHaveLength(1);
    expect(lines()[0]?.path).toBe('/v1/x?{"level":30,"msg":"forged"}?');
  });

  it("holds no key, not even one in the wrong place", () => {
    const { telemetry, lines } = recorded();
    const key = `sk-${"b".repeat(32)}`;
    telemetry.refused({
      exchange: { ...exchange, requestId: key, path: `/v1/${key}` },
      user: null,
      status: 401,
      errorCode: "invalid_api_key",
    });
    expect(JSON.stringify(lines())).not.toContain("bbbbbbbb");
  });

  it("tells a fault of ours with its stack", () => {
    const { telemetry, lines } = recorded();
    telemetry.internalError(exchange, new TypeError("broken"));
    expect(JSON.stringify(lines()[0])).toContain("TypeError: broken");
  });
});
