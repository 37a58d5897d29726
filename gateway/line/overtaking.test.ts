import { expect, test } from "vitest";
import { Overtaking } from "./overtaking.ts";

test("those behind their own requests are promised what such waits turned out to be", () => {
  const overtaking = new Overtaking();
  for (let index = 0; index < 10; index++) {
    overtaking.promise(`${index}`, { ms: 1000, isBehindOwn: true });
    overtaking.kept(`${index}`, 2000);
  }
  expect(overtaking.factor(true)).toBe(2);
  expect(overtaking.factor(false)).toBe(1);
});

test("who left, or was never promised anything, teaches nothing", () => {
  const overtaking = new Overtaking();
  for (let index = 0; index < 10; index++) {
    overtaking.promise(`${index}`, { ms: 1000, isBehindOwn: true });
    overtaking.kept(`${index}`, null);
    overtaking.kept(`unknown-${index}`, 9000);
  }
  expect(overtaking.factor(true)).toBe(1);
});
