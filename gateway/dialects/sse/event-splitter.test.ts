import fc from "fast-check";
import { expect, it } from "vitest";
import { EventSplitter } from "./event-splitter.ts";

function eventsOf(pieces: readonly string[]): { events: string[]; tail: string } {
  const splitter = new EventSplitter();
  const events: string[] = [];
  for (const piece of pieces) {
    splitter.split(Buffer.from(piece, "latin1"), (event) => {
      events.push(event);
      return true;
    });
  }
  return { events, tail: splitter.tail };
}

/** Long enough for what is only done with long events. */
const long = "x".repeat(70_000);

it.each(["\n", "\r\n"])("gives the same events however they are cut, with %j", (end) => {
  const event = (name: string): string => `data: ${name}${end}data: ${long}${end}${end}`;
  const whole = `: hello${end}${end}${event("a")}${event("b")}data: cut`;
  const places = fc.array(fc.nat(whole.length), { maxLength: 12 });
  fc.assert(
    fc.property(places, fc.boolean(), (given, atEnds) => {
      const ends = atEnds ? [70_020, 70_021, 70_022, 70_023, 70_024, 70_025, 70_026] : [];
      const cuts = [0, ...given, ...ends, whole.length].sort((a, b) => a - b);
      const pieces = cuts.map((from, index) => whole.slice(from, cuts[index + 1]));
      expect(eventsOf(pieces)).toEqual({
        events: [`: hello${end}${end}`, event("a"), event("b")],
        tail: "data: cut",
      });
    }),
    { numRuns: 50 },
  );
});

it("a long event that comes in small pieces takes linear time", () => {
  const pieces = ["data: ", ...Array<string>(8 * 1024).fill("x".repeat(1024)), "\n", "\n"];
  const from = performance.now();
  expect(eventsOf(pieces).events[0]?.length).toBe(8 * 1024 * 1024 + 8);
  // Each piece once copied all before it: 20 seconds.
  expect(performance.now() - from).toBeLessThan(5_000);
});

it("an event that never ends is an error, however small its pieces", () => {
  const pieces = Array<string>(17 * 1024).fill("x".repeat(1024));
  expect(() => eventsOf(["data: ", ...pieces])).toThrow(
    "The upstream sent an event that is too long.",
  );
});
