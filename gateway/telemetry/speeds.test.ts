import { describe, expect, it } from "vitest";
import { sampleEvent } from "../test/support/sample-event.ts";
import { speedsOf } from "./speeds.ts";

const unknown = { input: null, output: null, cached: null, reasoning: null, source: null };

describe("the speeds of a generation", () => {
  it("are what we saw pass where the upstream tells nothing", () => {
    expect(speedsOf(sampleEvent())).toEqual({
      generating: 4,
      promptEval: 1,
      tokens: 10,
      promptTokens: 20,
    });
  });

  it("are unknown where nothing was seen", () => {
    const event = sampleEvent({ usage: unknown, firstTokenMs: null });
    expect(Object.values(speedsOf(event))).toEqual([null, null, null, null]);
  });

  it("are unknown for an answer of one token", () => {
    const usage = { ...unknown, output: 1 };
    expect(speedsOf(sampleEvent({ usage, durationMs: 3_000.1 })).tokens).toBeNull();
  });

  it("are never zero, negative or without end", () => {
    const event = sampleEvent({
      durationMs: 3_000,
      queueMs: 4_000,
      timings: { promptTokens: 0, promptMs: 0, outputTokens: 5, outputMs: 0 },
    });
    expect(Object.values(speedsOf(event))).toEqual([null, null, null, null]);
  });
});
