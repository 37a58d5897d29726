import { describe, expect, it } from "vitest";
import { isErrorEvent } from "../sse/event-scan.ts";
import { sse } from "../sse/sse-framing.ts";
import { commonUsage } from "../usage.ts";
import { createUsageReader } from "../usage-reader.ts";
import { gemini } from "./gemini.ts";

const { isLast, generated, carriesUsage } = gemini.events;
const carriesToken = (event: string): boolean => generated(event) !== "";

const usageMetadata = {
  promptTokenCount: 120,
  cachedContentTokenCount: 100,
  candidatesTokenCount: 18,
  thoughtsTokenCount: 12,
  toolUsePromptTokenCount: 5,
  totalTokenCount: 155,
};
const usage = { input: 125, output: 30, cached: 100, reasoning: 12, source: "reported" };

function chunk(part: object, end: object = {}): object {
  return { candidates: [{ content: { role: "model", parts: [part] }, ...end, index: 0 }] };
}

const event = (data: object): string => `data: ${JSON.stringify(data)}\r\n\r\n`;
const call = chunk({ functionCall: { name: "f", args: { error: { code: 1 }, text: 3 } } });
const last = { ...chunk({ text: "." }, { finishReason: "STOP" }), usageMetadata };

describe("events of Gemini's", () => {
  it("end with the chunk that says why", () => {
    expect(isLast(event(chunk({ text: "a" })))).toBe(false);
    expect(isLast(event(last))).toBe(true);
    const refused = { promptFeedback: { blockReason: "SAFETY" }, usageMetadata };
    expect(isLast(event(refused))).toBe(true);
  });

  it("a model that says such a word ends nothing", () => {
    expect(isLast(event(chunk({ text: '"finishReason":"STOP"' })))).toBe(false);
  });

  it("carry a token as text, thought or call", () => {
    expect(carriesToken(event(chunk({ text: "a" })))).toBe(true);
    expect(carriesToken(event(chunk({ text: "a", thought: true })))).toBe(true);
    expect(carriesToken(event(call))).toBe(true);
    expect(carriesToken(event(chunk({ text: "" }, { finishReason: "STOP" })))).toBe(false);
  });

  it("an argument named error is no error", () => {
    expect(isErrorEvent(event(call))).toBe(false);
    expect(
      isErrorEvent(event({ error: { code: 503, message: "no", status: "UNAVAILABLE" } })),
    ).toBe(true);
  });
});

describe("usage of Gemini's", () => {
  it("is read from the stream, where the last counts", () => {
    const reader = createUsageReader(commonUsage);
    const early = { ...chunk({ text: "a" }), usageMetadata: { promptTokenCount: 120 } };
    for (const one of [early, last]) {
      expect(carriesUsage(event(one))).toBe(true);
      reader.readEvent(sse.events.dataOf(event(one)));
    }
    expect(reader.finished()).toEqual(usage);
  });

  it.each([
    ["an answer", JSON.stringify(last)],
    ["an array", `[${JSON.stringify(call)}\n,\r\n${JSON.stringify(last)}\n]`],
  ])("is read from %s", (_, body) => {
    const reader = createUsageReader(commonUsage);
    reader.readAnswer(Buffer.from(body));
    expect(reader.finished()).toEqual(usage);
  });
});
