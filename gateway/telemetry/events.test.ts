import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { sampleEvent, sampleExchange } from "../test/support/sample-event.ts";
import { createTelemetry, type Telemetry } from "./events.ts";
import { createLog, type LogForm } from "./log.ts";
import { createMetrics } from "./metrics.ts";

type Recorded = { telemetry: Telemetry; text(): string; metrics(): Promise<string> };

function recorded({ level = "info", form = "json" as LogForm } = {}): Recorded {
  let written = "";
  const destination = {
    write(line: string): void {
      written += line;
    },
  };
  const metrics = createMetrics();
  const telemetry = createTelemetry({ log: createLog({ level, form, destination }), metrics });
  return { telemetry, text: () => written, metrics: metrics.render };
}

const linesOf = (text: string): string[] => text.split("\n").filter((line) => line !== "");

/** Everything that can be told, each with `text` wherever a text goes in. */
function tellAll(telemetry: Telemetry, text: string): number {
  const exchange = sampleExchange({ path: text, requestId: text });
  const who = { exchange, user: text };
  const told = [
    () => telemetry.settled(sampleEvent({ ...who, model: text, upstream: text })),
    () => telemetry.passed({ ...who, status: 200 }),
    () => telemetry.refused({ ...who, status: 401, errorCode: "invalid_api_key" }),
    () => telemetry.internalError(exchange, new Error(text)),
    () => telemetry.dropped(exchange, text),
    () => telemetry.traceTrouble(text),
    () => telemetry.openDoor(),
    () => telemetry.usersFile(text),
    () => telemetry.usersFile(null),
    () => telemetry.ledgerTrouble(text),
    () => telemetry.ledgerRecovered(),
    () => telemetry.rowsForgotten(3),
    () => telemetry.backupMade(text),
    () => telemetry.backupTrouble(text),
    () =>
      telemetry.changed({ who: text, action: text, subject: text, before: text, after: { text } }),
    () => telemetry.upstreamState(text, false, text),
    () => telemetry.upstreamState(text, true, null),
    () => telemetry.started(8000, text),
    () => telemetry.echoing(),
    () => telemetry.draining({ waiting: 1, active: 2 }),
    () => telemetry.finding({ says: text, todo: text }),
    () => telemetry.stopped(),
  ];
  for (const tell of told) tell();
  return told.length;
}

describe("what is told", () => {
  it("is one valid JSON object a line, whatever stands in it", () => {
    const { telemetry, text } = recorded();
    const count = tellAll(telemetry, 'a\r\n{"msg":"forged"}\u2028\u0000\u001b[2J\ud800"\\');
    const lines = linesOf(text());
    expect(lines).toHaveLength(count);
    for (const line of lines) {
      expect(JSON.parse(line)).toMatchObject({ msg: expect.not.stringContaining("forged") });
    }
  });

  it("holds no key, in lines and metrics, for machines and for people", async () => {
    const secret = randomBytes(16).toString("hex");
    for (const form of ["json", "pretty", "logfmt"] as const) {
      const { telemetry, text, metrics } = recorded({ form });
      tellAll(telemetry, `sk-${secret}`);
      expect(text() + (await metrics())).not.toContain(secret.slice(0, 8));
    }
  });

  it("cannot move a terminal's cursor or begin a line of its own when it is for people", () => {
    const { telemetry, text } = recorded({ form: "pretty" });
    tellAll(telemetry, "a\n[00:00:00] INFO: forged\r\u001b[2J\u009b2J\u202e");
    for (const line of linesOf(text())) expect(line).not.toMatch(/^\s*\[00:00:00\]/);
    for (const moving of ["\u001b[2J", "\u009b", "\u202e", "\r"]) {
      expect(text()).not.toContain(moving);
    }
  });

  it("is never long, however long what a client sends", () => {
    const { telemetry, text } = recorded();
    tellAll(telemetry, "x".repeat(100_000));
    for (const line of linesOf(text())) expect(line.length).toBeLessThan(4_000);
  });

  it("of a refusal is its code, in the line and in the count", async () => {
    const { telemetry, text, metrics } = recorded();
    const exchange = sampleExchange();
    telemetry.refused({ exchange, user: null, status: 503, errorCode: "queue_full" });
    expect(JSON.parse(text())).toMatchObject({ error_code: "queue_full", status: 503, user: null });
    expect(await metrics()).toContain('llm_gateway_refusals_total{code="queue_full"} 1');
  });

  it("is counted even where nothing is logged", async () => {
    const { telemetry, text, metrics } = recorded({ level: "silent" });
    telemetry.settled(sampleEvent());
    telemetry.slotReleased(0.02);
    telemetry.waited(2, 2);
    telemetry.tookTurn({ priority: -1, waitedMs: 2_000, firstPlace: 3 });
    telemetry.swapped();
    expect(text()).toBe("");
    const counted = await metrics();
    expect(counted).toContain('llm_gateway_requests_total{user="alice"} 1');
    expect(counted).toContain("llm_gateway_slot_release_seconds_sum 0.02");
    expect(counted).toContain("llm_gateway_queue_estimate_error_ratio_count 1");
    expect(counted).toContain('llm_gateway_class_wait_seconds_sum{class="background"} 2');
    expect(counted).toContain("llm_gateway_first_place_sum 3");
    expect(counted).toContain("llm_gateway_model_swaps_total 1");
  });

  it("of a fault of ours is all of it, to its first cause", () => {
    const { telemetry, text } = recorded();
    const cause = new RangeError("deep");
    telemetry.internalError(sampleExchange(), new TypeError("broken", { cause }));
    const { err } = JSON.parse(text()) as { err: unknown };
    expect(err).toMatchObject({
      type: "TypeError",
      cause: { type: "RangeError", message: "deep" },
    });
  });

  it("of a conversion names what it dropped", () => {
    const { telemetry, text } = recorded();
    telemetry.dropped(sampleExchange({ requestId: "r1" }), "logprobs, messages[2].name");
    const line = JSON.parse(linesOf(text())[0] ?? "") as object;
    expect(line).toMatchObject({ request_id: "r1", dropped: "logprobs, messages[2].name" });
  });

  it("warns loudly of an echo", () => {
    const { telemetry, text } = recorded({ level: "warn" });
    telemetry.echoing();
    expect(JSON.parse(text())).toMatchObject({
      level: "warn",
      msg: expect.stringContaining("NO UPSTREAM"),
    });
  });
});
