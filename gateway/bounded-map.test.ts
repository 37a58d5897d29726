import { describe, expect, it } from "vitest";
import { BoundedMap } from "./bounded-map.ts";

describe("a bounded map", () => {
  it("forgets the item that was set the longest time ago", () => {
    const map = new BoundedMap<number>(2);
    map.set("a", 1);
    map.set("b", 2);
    map.set("a", 3);
    map.set("c", 4);
    expect(map.get("a")).toBe(3);
    expect(map.get("b")).toBeUndefined();
    expect([...map.values()]).toEqual([3, 4]);
  });

  it("takes an item that is set again and again for the latest one still", () => {
    const map = new BoundedMap<number>(2);
    map.set("a", 1);
    map.set("b", 2);
    map.set("b", 3);
    map.set("c", 4);
    map.set("c", 5);
    expect([...map.values()]).toEqual([3, 5]);
    map.set("a", 6);
    map.set("c", 7);
    map.set("b", 8);
    expect([...map.values()]).toEqual([7, 8]);
  });

  it("keeps the order when an item is read", () => {
    const map = new BoundedMap<number>(2);
    map.set("a", 1);
    map.set("b", 2);
    map.get("a");
    map.set("c", 3);
    expect(map.get("a")).toBeUndefined();
    expect(map.get("b")).toBe(2);
  });

  it("never holds more than its bound, however many keys a client makes up", () => {
    const map = new BoundedMap<number>(100);
    for (let index = 0; index < 5000; index++) {
      map.set(`key ${index}`, index);
      expect(map.size).toBeLessThanOrEqual(100);
    }
    expect(map.isFull).toBe(true);
    expect([...map.values()].at(0)).toBe(4900);
  });

  it("passes over items that must stay, and takes the new one even if all must", () => {
    const map = new BoundedMap<{ busy: boolean }>(2, { mayForget: ({ busy }) => !busy });
    const [first, second] = [{ busy: true }, { busy: true }];
    map.set("first", first);
    map.set("second", second);
    map.set("third", { busy: false });
    expect(map.size).toBe(3);
    second.busy = false;
    map.set("fourth", { busy: false });
    expect(map.get("first")).toBe(first);
    expect(map.get("second")).toBeUndefined();
  });
});
