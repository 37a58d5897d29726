import { describe, expect, it } from "vitest";
import { threadCpuMs } from "../test/support/loop-cpu.ts";
import type { DialectName } from "./all.ts";
import { conversationKey } from "./conversation-key.ts";

const keyOf = (body: unknown, dialect: DialectName = "chat", user = "alice", model = "m") =>
  conversationKey(user, model, Buffer.from(JSON.stringify(body)), dialect);

const system = { role: "system", content: 'You are "kind". ¿Sí? {[' };
const hello = { role: "user", content: "hello, \\ world" };
const later = [
  { role: "assistant", content: "hi" },
  { role: "user", content: "and then?" },
];

describe("a conversation", () => {
  it("has one key in all its turns, whatever else changes", () => {
    const first = keyOf({ model: "m", messages: [system, hello] });
    expect(first).toMatch(/^.{24}$/);
    expect(keyOf({ messages: [system, hello, ...later], stream: true, seed: 3 })).toBe(first);
    const spaced = `\ufeff { "x" : [ 1 , {} ] ,\n "messages" : [ ${JSON.stringify(system)} ,\n${JSON.stringify(hello)} ] }`;
    expect(conversationKey("alice", "m", Buffer.from(spaced), "chat")).toBe(first);
  });

  it("has another key for another user, model, system prompt or first words", () => {
    const keys = [
      keyOf({ messages: [system, hello] }),
      keyOf({ messages: [system, hello] }, "chat", "bob"),
      keyOf({ messages: [system, hello] }, "chat", "alice", "n"),
      keyOf({ messages: [hello] }),
      keyOf({ messages: [{ ...system, content: "other" }, hello] }),
      keyOf({ messages: [system, { ...hello, content: "other" }] }),
      keyOf({ messages: [system, { role: "user", content: "" }] }),
    ];
    expect(new Set(keys).size).toBe(keys.length);
  });

  it("is the same where Claude Code writes another billing line into each request", () => {
    const keys = ["36ee5", "0aaa9", null].map((cch) => {
      const line = `x-anthropic-billing-header: cc_version=2.1.177; cch=${cch};`;
      const billing = cch === null ? [] : [{ type: "text", text: line }];
      const system = [...billing, { type: "text", text: "be kind" }];
      return keyOf({ system, messages: [{ role: "user", content: "hello" }] }, "messages");
    });
    expect(new Set(keys).size).toBe(1);
  });

  it("is the same where a client moves its cache marks, and writes text bare or as a part", () => {
    const first = keyOf(
      {
        system: [{ type: "text", text: "be kind", cache_control: { type: "ephemeral" } }],
        messages: [
          {
            role: "user",
            content: [{ type: "text", text: "hello", cache_control: { type: "ephemeral" } }],
          },
        ],
      },
      "messages",
    );
    const second = keyOf(
      {
        messages: [{ role: "user", content: "hello" }, ...later],
        system: "be kind",
      },
      "messages",
    );
    expect(second).toBe(first);
  });

  it("of images is told apart by them", () => {
    const seeing = (data: string): string | null =>
      keyOf({
        messages: [{ role: "user", content: [{ type: "image_url", image_url: { url: data } }] }],
      });
    expect(seeing("data:a")).not.toBe(seeing("data:b"));
    expect(seeing("data:a")).toBe(seeing("data:a"));
  });

  it("in the Responses API and in Gemini's is found too", () => {
    const responses = keyOf({ instructions: "i", input: "hello" }, "responses");
    const items = [{ type: "message", role: "user", content: "hello" }, ...later];
    expect(keyOf({ instructions: "i", input: items }, "responses")).not.toBeNull();
    expect(responses).not.toBe(keyOf({ instructions: "j", input: "hello" }, "responses"));
    const gemini = (role: object, ...more: object[]) =>
      keyOf(
        {
          contents: [{ ...role, parts: [{ text: "hello" }] }, ...more],
          systemInstruction: { parts: [{ text: "s" }] },
        },
        "gemini",
      );
    expect(gemini({}, { role: "model", parts: [{ text: "hi" }] })).toBe(gemini({}));
    expect(gemini({ role: "user" })).not.toBeNull();
  });

  it("of text completions is named by the first of a long prompt", () => {
    const prompt = "once upon a time ".repeat(30);
    const key = keyOf({ prompt }, "completions");
    expect(key).not.toBeNull();
    expect(keyOf({ prompt: `${prompt} there was` }, "completions")).toBe(key);
    expect(keyOf({ prompt: "short" }, "completions")).toBeNull();
  });

  it("is none where no user says anything, and where there is no cache", () => {
    expect(keyOf({ messages: [] })).toBeNull();
    expect(keyOf({ messages: [system] })).toBeNull();
    expect(keyOf({ messages: "x" })).not.toBeUndefined();
    expect(keyOf({})).toBeNull();
    expect(keyOf({ input: "x" }, "embeddings")).toBeNull();
    expect(keyOf({ messages: [null, 3, [hello]] })).toBeNull();
    for (const text of [
      "",
      "{",
      '{"messages":[{"role":"user","content":"he',
      "[]",
      '{"messages":[{',
    ]) {
      expect(conversationKey("a", "m", Buffer.from(text), "chat")).toBeNull();
    }
  });

  it("is found in three megabytes without parsing them", () => {
    const text = "word \\n".repeat(400_000);
    const body = Buffer.from(
      JSON.stringify({ messages: [system, hello, { ...hello, content: text }] }),
    );
    // The clock of a thread goes in steps of 10 ms.
    const cpuOf = (work: () => void): number => {
      const from = threadCpuMs();
      for (let n = 0; n < 20; n += 1) work();
      return threadCpuMs() - from;
    };
    const found = cpuOf(() => expect(conversationKey("a", "m", body, "chat")).not.toBeNull());
    const parsed = cpuOf(() => JSON.parse(body.toString()));
    expect(parsed).toBeGreaterThan(0);
    expect(found).toBeLessThan(parsed * 3);
  });
});
