import fc from "fast-check";
import { expect, test } from "vitest";
import { Heap } from "./heap.ts";

type Item = { key: number; index: number };
const before = (a: Item, b: Item): boolean => a.key < b.key;

function drain(heap: Heap<"index", Item>): number[] {
  const keys: number[] = [];
  for (let first = heap.first; first !== undefined; first = heap.first) {
    keys.push(first.key);
    heap.remove(first);
  }
  return keys;
}

const sorted = (items: Item[]): number[] => items.map(({ key }) => key).sort((a, b) => a - b);

test("items come out in order, whatever was removed meanwhile", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(20), fc.boolean())), (plan) => {
      const heap = new Heap<"index", Item>("index", before);
      const all = plan.map(([key]) => ({ key, index: -1 }));
      for (const item of all) heap.add(item);
      const removed = all.filter((_, at) => plan[at]![1]);
      for (const item of removed) heap.remove(item);
      for (const item of removed) expect(item.index).toBe(-1);
      expect(heap.length).toBe(all.length - removed.length);
      expect(drain(heap)).toEqual(sorted(all.filter((_, at) => !plan[at]![1])));
    }),
  );
});

test("removing an item that is not in the heap changes nothing", () => {
  const heap = new Heap<"index", Item>("index", before);
  heap.remove({ key: 1, index: -1 });
  expect(heap.first).toBe(undefined);
});
