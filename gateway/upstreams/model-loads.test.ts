import { expect, it } from "vitest";
import { entriesOf } from "./model-entries.ts";
import { createModelLoads } from "./model-loads.ts";

/** What llama-server's router lists. */
const listOf = (statuses: Record<string, string>) =>
  entriesOf(
    "openai",
    { data: Object.entries(statuses).map(([id, value]) => ({ id, status: { value } })) },
    "box",
  );

it("counts a model that has come into memory since the list before, not what was there first", () => {
  let now = 1_000;
  const loads = createModelLoads([], () => now);
  expect(loads.of("box")).toBeNull();
  loads.listed("box", listOf({ small: "loaded", large: "unloaded" }));
  expect(loads.of("box")).toMatchObject({ count: 0, last: [] });
  loads.listed("box", listOf({ small: "unloaded", large: "loading" }));
  expect(loads.of("box")).toMatchObject({ count: 0 });
  now = 2_000;
  loads.listed("box", listOf({ small: "sleeping", large: "loaded" }));
  loads.listed("box", listOf({ small: "sleeping", large: "loaded" }));
  now = 3_000;
  loads.listed("box", listOf({ small: "loaded", large: "loaded" }));
  expect(loads.of("box")).toMatchObject({
    count: 2,
    last: [
      { model: "small", at: 3_000 },
      { model: "large", at: 2_000 },
    ],
  });
});

it("counts nothing twice when a list leaves the statuses out once", () => {
  const loads = createModelLoads([]);
  loads.listed("box", listOf({ small: "loaded" }));
  loads.listed("box", entriesOf("openai", { data: [{ id: "small" }] }, "box"));
  loads.listed("box", listOf({ small: "loaded" }));
  expect(loads.of("box")).toMatchObject({ count: 0 });
});

it("knows nothing of an upstream whose list has no statuses, unless it holds one model at a time", () => {
  const loads = createModelLoads(["swaps"], () => 5_000);
  for (const name of ["plain", "swaps"]) {
    loads.listed(name, entriesOf("openai", { data: [{ id: "small" }] }, name));
    loads.swapped(name, "small");
  }
  expect(loads.of("plain")).toBeNull();
  expect(loads.of("swaps")).toMatchObject({ count: 1, last: [{ model: "small", at: 5_000 }] });
});

it("counts a swap once where the list tells it too, and keeps the latest", () => {
  const loads = createModelLoads(["box"]);
  loads.listed("box", listOf({ a: "loaded", b: "unloaded" }));
  for (let turn = 0; turn < 30; turn++) {
    loads.swapped("box", turn % 2 === 0 ? "b" : "a");
    const [a, b] = turn % 2 === 0 ? ["unloaded", "loaded"] : ["loaded", "unloaded"];
    loads.listed("box", listOf({ a, b }));
  }
  const { count, last } = loads.of("box") ?? { count: 0, last: [] };
  expect([count, last.length, last[0]?.model]).toEqual([30, 20, "a"]);
});
