import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { threadCpuMs } from "../test/support/loop-cpu.ts";
import { shownText } from "./shown-text.ts";

describe("shown text", () => {
  it("leaves names as they are", () => {
    const names = [
      "gpt-4o",
      "org/Model-7B:Q4_K_M.gguf",
      "/v1/chat/completions",
      "modèle",
      "task-list-assistant",
      "risk-classifier-large",
    ];
    for (const name of names) expect(shownText(name)).toBe(name);
  });

  it("shows no key, wherever it stands and however it is written", () => {
    const secret = randomBytes(16).toString("hex");
    const keys = [
      `sk-${secret}`,
      `SK-${secret.toUpperCase()}`,
      `mysk-${secret}`,
      `/v1/files/sk-${secret}/content`,
      `/v1/files/%73k%2D${secret}`,
      `Bearer sk-proj-${secret}`,
      `${"a".repeat(190)} sk-${secret}`,
    ];
    for (const text of keys) {
      expect(shownText(text).toLowerCase()).not.toContain(secret.slice(0, 12));
    }
  });

  it("is short, on one line, without control characters, and well formed, whatever comes", () => {
    const anything = fc.string({ unit: "binary", maxLength: 400 });
    fc.assert(
      fc.property(anything, (text) => {
        const shown = shownText(text);
        expect(shown.length).toBeLessThanOrEqual(200);
        expect(shown).not.toMatch(/[\p{Cc}\p{Cf}\u2028\u2029]/u);
        expect(shown.isWellFormed()).toBe(true);
      }),
    );
  });

  it("takes no longer for a text that is made to be slow", () => {
    const started = threadCpuMs();
    shownText("sk-".repeat(300_000));
    shownText(`${"%73k".repeat(300_000)}-`);
    expect(threadCpuMs() - started).toBeLessThan(1_000);
  });
});
