import { expect, it } from "vitest";
import { createAffinity } from "./affinity.ts";

it("a conversation goes where it was last, until its cache has surely gone", () => {
  let time = 0;
  const affinity = createAffinity({ keepMs: 1_000, now: () => time });
  expect(affinity.preferred("c")).toBeNull();
  affinity.remember("c", "one");
  affinity.remember("c", "two");
  expect(affinity.preferred("c")).toBe("two");
  time = 900;
  affinity.remember("c", "two");
  time = 1_899;
  expect(affinity.preferred("c")).toBe("two");
  time = 1_900;
  expect(affinity.preferred("c")).toBeNull();
});

it("what is no conversation is not remembered", () => {
  const affinity = createAffinity();
  affinity.remember(null, "one");
  expect(affinity.preferred(null)).toBeNull();
});

it("of too many the longest unused is forgotten", () => {
  const affinity = createAffinity({ most: 3 });
  for (const key of ["a", "b", "c"]) affinity.remember(key, "one");
  affinity.remember("a", "one");
  affinity.remember("d", "one");
  const known = ["a", "b", "c", "d"].filter((key) => affinity.preferred(key) !== null);
  expect(known).toEqual(["a", "c", "d"]);
});
