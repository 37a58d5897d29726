import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PlaceBoard } from "./place-board.ts";

const count = 2_000;
let now = 0;
let gone = 0;
let looked: number[] = [];
let board: PlaceBoard;
beforeEach(() => {
  now = 0;
  gone = 0;
  looked = [];
  board = new PlaceBoard({
    // The board's own timer must not fire: the test ticks.
    everyMs: 1_000_000,
    now: () => now * 1_000,
    rangeOf: () => ({ lowSeconds: 0, highSeconds: 1 }),
    forecast: (tell, most) => {
      looked.push(Math.min(most, count - gone));
      for (let i = gone; i < count && i - gone < most; i++) tell(`${i}`, i - gone + 1, null);
    },
  });
});
afterEach(() => {
  for (let i = 0; i < count; i++) board.unwatch(`${i}`);
});

describe("the place board", () => {
  it("tells each movement to places in front, and every tenth to places far back", () => {
    const told = Array.from({ length: count }, () => 0);
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
    expect(told[450]).toBeGreaterThanOrEqual(4);
    expect(told.at(-1)).toBe(2);
    expect(Math.min(...told.slice(20))).toBe(2);
    expect(board.placeOf("1999")?.position).toBe(count - gone + 1);
  });

  it("looks far back only as often as it tells there, and still answers with fresh places", () => {
    for (let i = 0; i < count; i++) {
      board.watch(`${i}`, undefined, { position: i + 1, of: count, etaSeconds: null });
    }
    for (gone = 1; gone <= 10; gone++) {
      now += 1_000;
      board.moved();
      board.tick();
    }
    expect(looked).toEqual([...Array.from({ length: 9 }, () => 1_000), count - 10]);
    board.moved();
    board.tick();
    expect(board.placeOf("1999")?.position).toBe(count - gone);
    expect(board.placeOf("20")?.position).toBe(20 - gone + 1);
    expect(looked).toHaveLength(12);
  });
});
