import { describe, expect, it } from "vitest";
import { recordedEvents } from "../../test/fixtures/recorded.ts";
import { isOnlyUsage } from "../openai/openai-events.ts";
import { isErrorEvent } from "../sse/event-scan.ts";
import { chat } from "./chat.ts";
import { createProgressTeller } from "./progress-events.ts";

const { isLast, generated, carriesUsage } = chat.events;
const carriesToken = (event: string): boolean => generated(event) !== "";

const note = { requestId: "r-1", created: 1760000000, model: "gpt-4o" };

describe("the progress of a prompt", () => {
  it("takes the place of llama.cpp's own chunks, and of nothing else", () => {
    const tell = createProgressTeller(note);
    const events = recordedEvents("chat-stream-progress");
    const told = events.map(tell);
    expect(told.slice(2)).toEqual(events.slice(2));
    const first = JSON.parse(told[0]?.slice(6) ?? "");
    expect(first).toEqual({
      id: "r-1",
      object: "chat.completion.chunk",
      created: 1760000000,
      model: "gpt-4o",
      choices: [{ index: 0, delta: {}, finish_reason: null }],
      progress: {
        processed: 9,
        total: 75,
        cached: 9,
        percent: 12,
        elapsed_ms: 0,
        message: "Reading your prompt: 12 %",
      },
      event: { type: "status", data: { description: "Reading your prompt: 12 %", done: false } },
    });
    // Open WebUI takes its line away when the prompt is read.
    expect(JSON.parse(told[1]?.slice(6) ?? "")).toMatchObject({
      progress: { percent: 100 },
      event: { data: { done: true, hidden: true } },
    });
  });

  it("is no token, usage, error or end", () => {
    const told = createProgressTeller(note)(recordedEvents("chat-stream-progress")[0] ?? "");
    expect(carriesToken(told)).toBe(false);
    expect(carriesUsage(told)).toBe(false);
    expect(isOnlyUsage(told)).toBe(false);
    expect(isErrorEvent(told)).toBe(false);
    expect(isLast(told)).toBe(false);
  });
});
