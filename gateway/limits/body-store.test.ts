import { expect, it } from "vitest";
import { BodyStore } from "./body-store.ts";

const most = 8 * 1024 * 1024;

it.each([
  ["byte by byte", 0, Array.from({ length: 200_000 }, () => 1)],
  ["in pieces of a socket", 0, Array.from({ length: 100 }, () => 65_536)],
  ["in odd pieces, its length declared", 3_000_000, [1, 65_535, 2, 2_000_000, 934_462]],
  ["of one byte less than it may have", most - 1, [most - 1]],
  ["of all that it may have", most, [most]],
])("keeps the bytes of a body %s", (_what, expected, lengths) => {
  const store = new BodyStore(most, expected);
  const all = Buffer.alloc(lengths.reduce((sum, length) => sum + length, 0));
  for (let at = 0; at < all.length; at++) all[at] = (at * 31 + (at >> 8)) & 0xff;
  let from = 0;
  for (const length of lengths) {
    store.add(all.subarray(from, from + length));
    from += length;
  }
  expect(store.length).toBe(all.length);
  expect(store.bytes().equals(all)).toBe(true);
  store.free();
  expect(store.bytes().length).toBe(0);
});

it("keeps a large body once, and gives its memory back at once", () => {
  const before = process.memoryUsage.rss();
  const mebibytes = (): number => (process.memoryUsage.rss() - before) / 2 ** 20;
  const size = 128 * 1024 * 1024;
  const store = new BodyStore(size, 0);
  const piece = Buffer.alloc(65_536, "x");
  for (let length = 0; length < size; length += piece.length) store.add(piece);
  const held = mebibytes();
  expect(held).toBeLessThan(160);
  store.free();
  expect(held - mebibytes()).toBeGreaterThan(100);
});

it("does not copy a small body that comes in one piece", () => {
  const piece = Buffer.from(new ArrayBuffer(500));
  const store = new BodyStore(most, piece.length);
  store.add(piece);
  expect(store.bytes()).toBe(piece);
});

it.each([
  ["a slice of other memory, which it would keep", Buffer.alloc(1_000).subarray(0, 500), 500],
  ["a first piece of more", Buffer.from(new ArrayBuffer(500)), 600],
  ["a piece of unknown length", Buffer.from(new ArrayBuffer(500)), 0],
])("copies %s", (_what, piece, expected) => {
  const store = new BodyStore(most, expected);
  store.add(piece);
  expect(store.bytes().buffer).not.toBe(piece.buffer);
  expect(store.bytes().equals(piece)).toBe(true);
});
