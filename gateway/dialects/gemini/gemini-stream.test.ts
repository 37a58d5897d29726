import { describe, expect, it } from "vitest";
import { carriesToken, carriesUsage, isErrorEvent, isTerminal } from "../sse/stream-events.ts";
import { createUsageReader } from "../usage-reader.ts";

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
    expect(isTerminal(event(chunk({ text: "a" })), "gemini")).toBe(false);
    expect(isTerminal(event(last), "gemini")).toBe(true);
    const refused = { promptFeedback: { blockReason: "SAFETY" }, usageMetadata };
    expect(isTerminal(event(refused), "gemini")).toBe(true);
  });

  it("a model that says such a word ends nothing", () => {
    expect(isTerminal(event(chunk({ text: '"finishReason":"STOP"' })), "gemini")).toBe(false);
  });

  it("carry a token as text, thought or call", () => {
    expect(carriesToken(event(chunk({ text: "a" })), "gemini")).toBe(true);
    expect(carriesToken(event(chunk({ text: "a", thought: true })), "gemini")).toBe(true);
    expect(carriesToken(event(call), "gemini")).toBe(true);
    expect(carriesToken(event(chunk({ text: "" }, { finishReason: "STOP" })), "gemini")).toBe(
      false,
    );
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
    const reader = createUsageReader();
    const early = { ...chunk({ text: "a" }), usageMetadata: { promptTokenCount: 120 } };
    for (const one of [early, last]) {
      expect(carriesUsage(event(one), "gemini")).toBe(true);
      reader.readEvent(event(one));
    }
    expect(reader.finished()).toEqual(usage);
  });

  it.each([
    ["an answer", JSON.stringify(last)],
    ["an array", `[${JSON.stringify(call)}\n,\r\n${JSON.stringify(last)}\n]`],
  ])("is read from %s", (_, body) => {
    const reader = createUsageReader();
    reader.readAnswer(Buffer.from(body));
    expect(reader.finished()).toEqual(usage);
  });
});
