import { expect, test } from "vitest";
import { Overtaking } from "./overtaking.ts";

/** A request that would wait a second, with so many more charges started before it. */
function wait(overtaking: Overtaking, id: string, moreMs: number): void {
  overtaking.promise(id, { ms: 1000, startedMs: 70_000 });
  overtaking.kept(id, 70_000 + moreMs, 1);
}

test("requests behind others of their user are promised what such waits took", () => {
  const overtaking = new Overtaking();
  for (let index = 0; index < 10; index++) wait(overtaking, `${index}`, 1000);
  expect(overtaking.factor(true)).toBe(2);
  expect(overtaking.factor(false)).toBe(1);
});

test("a request that left, or got no promise, teaches nothing", () => {
  const overtaking = new Overtaking();
  for (let index = 0; index < 10; index++) {
    overtaking.promise(`${index}`, { ms: 1000, startedMs: 0 });
    overtaking.left(`${index}`);
    overtaking.kept(`${index}`, 9000, 1);
    overtaking.kept(`unknown-${index}`, 9000, 1);
  }
  expect(overtaking.factor(true)).toBe(1);
});

test("charges on four slots lengthen a wait by a fourth of them", () => {
  const overtaking = new Overtaking();
  for (let index = 0; index < 10; index++) {
    overtaking.promise(`${index}`, { ms: 1000, startedMs: 0 });
    overtaking.kept(`${index}`, 4000, 4);
  }
  expect(overtaking.factor(true)).toBe(2);
});
