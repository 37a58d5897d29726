import { describe, expect, it } from "vitest";
import { chatText } from "../openai/openai-events.ts";
import { AlikeEvents } from "./alike-events.ts";

const chunk = (content: string, more: object = {}): string =>
  `data: ${JSON.stringify({ id: "up", choices: [{ index: 0, delta: { content, ...more } }] })}\n\n`;
const ours = (event: string): string => event.replace('"up"', '"ours"');

function learnt(event: string): AlikeEvents {
  const alike = new AlikeEvents(chatText);
  alike.learn(event, ours(event));
  return alike;
}

describe("events that are alike but for their text", () => {
  it.each(["b", "a longer text", "with an error", "[DONE]", 'a "quoted" one', "line\nbreak", "\\"])(
    "are known where the text is %j",
    (text) => {
      const alike = learnt(chunk("a"));
      const event = chunk(text);
      const found = alike.textOf(event);
      expect(found).toBe(chatText(event));
      expect(alike.shown(found ?? "")).toBe(ours(event));
      expect(alike.sent(found ?? "")).toBe(event);
    },
  );

  it("are learnt from a text with escapes too", () => {
    expect(learnt(chunk('"\n')).textOf(chunk("b"))).toBe("b");
  });

  it.each([
    ["no text", chunk("")],
    ["another field", chunk("b", { refusal: "no" })],
    ["another id", chunk("b").replace('"up"', '"other"')],
    ["an end", chunk("b").replace("}}]", '},"finish_reason":"stop"}]')],
    [
      "an end put into the text's place",
      chunk("b").replace('"b"', '"b"},"finish_reason":"stop","x":{"y":"z"'),
    ],
    ["a key put into the text's place", chunk("b").replace('"b"', '"b","usage":{},"y":"z"')],
    ["a backslash that escapes the last quote", chunk("b").replace('"b"', '"b\\"')],
    ["two lines", chunk("b").replace('"b"', '"b\ndata: "')],
    ["half an event", chunk("b").slice(0, 20)],
  ])("are not those with %s", (_, event) => {
    expect(learnt(chunk("a")).textOf(event)).toBeNull();
  });

  it.each([
    ["two texts that look like a third", chunk("a", { reasoning: "b", model: "ab" })],
    ["a text that stands there twice", chunk("same", { model: "same" })],
    ["no text", chunk("")],
  ])("are not learnt from an event with %s", (_, event) => {
    expect(learnt(event).textOf(event)).toBeNull();
  });

  it("are looked for no longer in a stream in which each event has a number of its own", () => {
    const alike = new AlikeEvents(chatText);
    for (let number = 0; number < 8; number++) {
      const event = chunk("a", { number });
      expect(alike.isLearning).toBe(true);
      expect(alike.textOf(event)).toBeNull();
      alike.learn(event, event);
    }
    expect(alike.isLearning).toBe(false);
  });
});
