import { expect, test } from "vitest";
import { Overtaking } from "./overtaking.ts";

test("those behind their own requests are promised what such waits turned out to be", () => {
  const overtaking = new Overtaking();
  for (let index = 0; index < 10; index++) {
    overtaking.promise(`${index}`, { ms: 1000, position: 3, isBehindOwn: true });
    overtaking.kept(`${index}`, 2000);
  }
  expect(overtaking.factor(true, 4)).toBe(2);
  expect(overtaking.factor(false, 4)).toBe(1);
});

test("who left, or was never promised anything, teaches nothing", () => {
  const overtaking = new Overtaking();
  for (let index = 0; index < 10; index++) {
    overtaking.promise(`${index}`, { ms: 1000, position: 3, isBehindOwn: true });
    overtaking.kept(`${index}`, null);
    overtaking.kept(`unknown-${index}`, 9000);
  }
  expect(overtaking.factor(true, 4)).toBe(1);
});

test("who stands far behind is overtaken for longer than who is nearly there", () => {
  const overtaking = new Overtaking();
  for (let index = 0; index < 10; index++) {
    overtaking.promise(`near ${index}`, { ms: 1000, position: 2, isBehindOwn: true });
    overtaking.kept(`near ${index}`, 1000);
    overtaking.promise(`far ${index}`, { ms: 9000, position: 20, isBehindOwn: true });
    overtaking.kept(`far ${index}`, 27_000);
  }
  expect(overtaking.factor(true, 1)).toBe(1);
  expect(overtaking.factor(true, 30)).toBe(3);
});
