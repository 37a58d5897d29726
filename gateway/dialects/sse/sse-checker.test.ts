import { describe, expect, it } from "vitest";
import { createSseChecker } from "./sse-checker.ts";

const chunk = (fields: object): string => `data: ${JSON.stringify(fields)}\n\n`;
const delta = (content: string, finish_reason: string | null = null): string =>
  chunk({ choices: [{ index: 0, delta: { content }, finish_reason }] });
const done = "data: [DONE]\n\n";

/** What a checker lets through of a stream, byte by byte. */
function through(family: "openai" | "anthropic" | "google", text: string): string {
  const checker = createSseChecker(family, () => {});
  const bytes = Buffer.from(text);
  const out = [...bytes].map((byte) => checker.push(Buffer.from([byte])));
  return Buffer.concat([...out, checker.end()]).toString();
}

describe("createSseChecker", () => {
  it("leaves what is in order as it is", () => {
    const text = `: hello\n\n${delta("Grüße")}${delta("", "stop")}${done}`;
    expect(through("openai", text)).toBe(text);
  });

  it("a usage alone, which the hub fails on, gets its choices", () => {
    const usage = { prompt_tokens: 1, note: "ü" };
    const text = through("openai", delta("", "stop") + chunk({ usage }) + done);
    expect(text).toBe(
      delta("", "stop") + chunk({ choices: [], usage: { prompt_tokens: 1 } }) + done,
    );
    expect(through("openai", delta("", "stop") + chunk({ choices: null }))).toContain(
      '"choices":[]',
    );
  });

  it("a stream without its end is an error", () => {
    expect(() => through("openai", delta("a"))).toThrow("before it was complete");
    expect(() => through("anthropic", 'event: message_delta\ndata: {"type":"x"}\n\n')).toThrow(
      "before it was complete",
    );
    expect(() => through("google", chunk({ candidates: [{ content: {} }] }))).toThrow(
      "before it was complete",
    );
    expect(() => through("openai", "")).toThrow("before it was complete");
  });

  it("an end without its blank line, or without [DONE], is one", () => {
    // The last event is supplied: the hub, and clients, wait for it.
    expect(through("openai", delta("", "stop"))).toBe(delta("", "stop") + done);
    expect(through("openai", delta("", "stop") + done.trimEnd())).toBe(delta("", "stop") + done);
    const stop = 'event: message_stop\ndata: {"type":"message_stop"}';
    expect(through("anthropic", stop)).toBe(`${stop}\n\n`);
  });

  it("[DONE] without a reason before it ends an answer, and gets one", () => {
    const [said, ended, last] = through("openai", delta("a") + done).split(/(?<=\n\n)/);
    expect([said, last]).toEqual([delta("a"), done]);
    expect(ended).toContain('"finish_reason":"stop"');
  });

  it("a number as id, and a second choice, are mended for the hub", () => {
    const choice = (index: number, content: string) => ({ index, delta: { content } });
    const odd = chunk({ id: 7, choices: [choice(0, "A"), choice(1, "B")] });
    expect(through("openai", odd + delta("", "stop"))).toBe(
      chunk({ id: "7", choices: [choice(0, "A")] }) + delta("", "stop") + done,
    );
  });

  it("nothing that follows the end gets through", () => {
    expect(through("openai", delta("", "stop") + done + delta("more"))).toBe(
      delta("", "stop") + done,
    );
  });

  it.each([
    ["openai", chunk({ error: { message: "Broke.", code: 503 } })],
    ["openai", chunk({ error: "Broke." })],
    ["openai", 'error: {"message":"Broke."}\n\n'],
    ["anthropic", 'event: error\ndata: {"type":"error","error":{"message":"Broke."}}\n\n'],
    ["google", chunk({ error: { code: 503, message: "Broke.", status: "UNAVAILABLE" } })],
  ] as const)("an error of %s is thrown as what it says: %s", (family, event) => {
    expect(() => through(family, event)).toThrow("Broke.");
  });

  it("an argument of a call that is named error is none", () => {
    const parts = [{ functionCall: { name: "f", args: { error: { message: "no" } } } }];
    const text = chunk({ candidates: [{ content: { parts }, finishReason: "STOP" }] });
    expect(through("google", text)).toBe(text);
  });
});
