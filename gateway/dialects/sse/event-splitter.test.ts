import fc from "fast-check";
import { expect, it } from "vitest";
import { threadCpuMs } from "../../test/support/loop-cpu.ts";
import { EventSplitter } from "./event-splitter.ts";

function eventsOf(pieces: readonly string[]): { events: string[]; tail: string } {
  const splitter = new EventSplitter();
  const events: string[] = [];
  for (const piece of pieces) {
    splitter.split(piece, (event) => {
      events.push(event);
      return true;
    });
  }
  return { events, tail: splitter.tail };
}

/** Long enough for what is only done with long events. */
const long = "x".repeat(70_000);

/** How lines of one stream may end, also mixed (WHATWG HTML §9.2.6). */
const lineEnd = fc.constantFrom("\n", "\r\n", "\r");

it("gives the same events, with LF, however their lines end and wherever they are cut", () => {
  const lines = [": hello", "", "data: a", `data: ${long}`, "", "", "event: x", "data: b", ""];
  const ends = fc.array(lineEnd, { minLength: lines.length, maxLength: lines.length });
  const places = fc.array(fc.nat(2 ** 20), { maxLength: 12 });
  fc.assert(
    fc.property(ends, places, fc.boolean(), fc.boolean(), (with_, given, atEnds, hasMark) => {
      // A LF that follows a CR would belong to it.
      const endAt = (index: number): string =>
        lines[index] === "" && with_[index - 1] === "\r" ? "\r" : (with_[index] ?? "");
      const text = lines.map((line, index) => line + endAt(index)).join("");
      const whole = `${hasMark ? "\xef\xbb\xbf" : ""}${text}data: cut`;
      const near = atEnds ? Array.from({ length: 9 }, (_, index) => 70_020 + index) : [1, 2];
      const cuts = [0, ...given.map((place) => place % whole.length), ...near, whole.length];
      cuts.sort((one, other) => one - other);
      expect(eventsOf(cuts.map((from, index) => whole.slice(from, cuts[index + 1])))).toEqual({
        events: [": hello\n\n", `data: a\ndata: ${long}\n\n`, "event: x\ndata: b\n\n"],
        tail: "data: cut",
      });
    }),
    { numRuns: 100 },
  );
});

it("hands an event on at once, though its lines end with CR and a LF may follow", () => {
  expect(eventsOf(["data: a\r\r"]).events).toEqual(["data: a\n\n"]);
  expect(eventsOf(["data: a\r\n\r", "\ndata: b\n\n"]).events).toEqual([
    "data: a\n\n",
    "data: b\n\n",
  ]);
});

it("parts a [DONE] from the event that a server forgot to end before it", () => {
  const { events } = eventsOf(['data: {"a":[1]}\ndata: [DONE]\n\n', "data: [DONE]\n\n"]);
  expect(events).toEqual(['data: {"a":[1]}\n\n', "data: [DONE]\n\n", "data: [DONE]\n\n"]);
});

it("a long event that comes in small pieces takes linear time", () => {
  const pieces = ["data: ", ...Array<string>(8 * 1024).fill("x".repeat(1024)), "\n", "\n"];
  const from = threadCpuMs();
  expect(eventsOf(pieces).events[0]?.length).toBe(8 * 1024 * 1024 + 8);
  // Each piece once copied all before it: 20 seconds.
  expect(threadCpuMs() - from).toBeLessThan(5_000);
});

it("an event that never ends is an error that names the bound, however small its pieces", () => {
  const pieces = Array<string>(65 * 1024).fill("x".repeat(1024));
  expect(() => eventsOf(["data: ", ...pieces])).toThrow(
    "The upstream sent an event that is too large: more than 64 MiB.",
  );
});
