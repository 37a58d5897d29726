import { afterEach, describe, expect, it } from "vitest";
import { PlaceBoard } from "./place-board.ts";

const count = 1_000;
let board: PlaceBoard;
afterEach(() => {
  for (let i = 0; i < count; i++) board.unwatch(`${i}`);
});

describe("the place board", () => {
  it("tells those in front each movement, and those far back every fifth, but never nothing", () => {
    let now = 0;
    let gone = 0;
    const told = Array.from({ length: count }, () => 0);
    board = new PlaceBoard({
      // Its own timer is not meant to come: the test ticks.
      everyMs: 1_000_000,
      now: () => now * 1_000,
      forecast: (tell) => {
        for (let i = gone; i < count; i++) tell(`${i}`, i - gone + 1, null);
      },
    });
    for (let i = 0; i < count; i++) {
      const onPlace = (): void => {
        told[i] = (told[i] ?? 0) + 1;
      };
      board.watch(`${i}`, onPlace, { position: i + 1, of: count, etaSeconds: null });
    }
    told.fill(0);
    for (gone = 1; gone <= 20; gone++) {
      now += 1_000;
      board.moved();
      board.tick();
    }
    expect(told[50]).toBe(20);
    expect(told.at(-1)).toBe(4);
    expect(Math.min(...told.slice(20))).toBeGreaterThanOrEqual(4);
    expect(board.placeOf("999")?.position).toBe(count - gone + 1);
  });
});
