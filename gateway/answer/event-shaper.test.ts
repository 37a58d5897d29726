import fc from "fast-check";
import { expect, it } from "vitest";
import { chat } from "../dialects/openai-chat/chat.ts";
import { sse } from "../dialects/sse/sse-framing.ts";
import { createEventShaper } from "./event-shaper.ts";

/** What a client gets of a stream that comes in these pieces, and what the meter sees. */
function shaped(pieces: readonly string[]): { got: string; texts: string; events: number } {
  let [texts, events] = ["", 0];
  const shaper = createEventShaper({
    framing: sse,
    events: chat.events,
    choices: 1,
    renamer: chat.answer.renamer("ours", null),
    isDropped: null,
    watch(event) {
      texts += chat.events.generated(event);
      events += 1;
    },
    watchText(text) {
      texts += text;
      events += 1;
    },
    rewriteError: (event) => event,
  });
  const out = pieces.map((piece) => shaper.push(Buffer.from(piece, "latin1")) ?? "");
  return { got: out.join("") + (shaper.finish() ?? ""), texts, events };
}

const chunk = (content: string, more = ""): string =>
  `data: {"id":"up","choices":[{"index":0,"delta":{"content":"${content}"}${more}}]}`;

/** Texts as they stand in JSON. The last two are no JSON, and end a line. */
const text = fc.constantFrom(
  "a",
  " b",
  "",
  '\\"quoted\\"',
  "\\n",
  "x".repeat(80),
  "[DONE]",
  "c\rd",
  "e\\\rf",
);
const end = fc.constantFrom("\n\n", "\n\n", "\n\n", "\r\n\r\n", "\r\r", "\n\r\n");
/** Lines of the same event, which come before its data in a piece of their own. */
const lead = fc.constantFrom("", "", "", "event: message\n", ": note\n", "\n", "data: more\n");
const events = fc.array(fc.tuple(lead, text, end), { minLength: 1, maxLength: 12 });

it("gives the same whether each event is a piece of its own or all are cut anywhere", () => {
  fc.assert(
    fc.property(events, fc.array(fc.nat(4_000), { maxLength: 8 }), (given, places) => {
      const own = [
        ...given.flatMap(([before, content, ending]) => [before, chunk(content) + ending]),
        `${chunk("", ',"finish_reason":"stop"')}\n\n`,
        "data: [DONE]\n\n",
      ];
      const whole = own.join("");
      const cuts = [0, ...places.map((place) => place % whole.length), whole.length];
      cuts.sort((one, other) => one - other);
      const cut = cuts.slice(1).map((to, index) => whole.slice(cuts[index], to));
      const expected = shaped([...whole]);
      expect(shaped(own)).toEqual(expected);
      expect(shaped(cut)).toEqual(expected);
      expect(shaped([whole])).toEqual(expected);
    }),
  );
});

it("puts our id into each event, and keeps the last until the end", () => {
  const pieces = [`${chunk("a")}\n\n`, `${chunk("b")}\n\n`, `${chunk("c")}\n\n`];
  const ours = pieces.map((piece) => piece.replace('"up"', '"ours"'));
  expect(shaped([...pieces, "data: [DONE]\n\n"])).toEqual({
    got: `${ours.join("")}data: [DONE]\n\n`,
    texts: "abc",
    events: 4,
  });
});
