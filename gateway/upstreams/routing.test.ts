import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRouting, poolsOf, type Route } from "./routing.ts";

const target = (upstream: string, model: string | null = null) => ({ upstream, model });

const route = (model: string, upstreams: string[], fallbacks: string[] = []): Route => ({
  model,
  upstreams: upstreams.map((name) => target(name)),
  fallbacks: fallbacks.map((name) => target(name)),
});

const nothingListed = () => null;

describe("a route", () => {
  it("is the first that matches", () => {
    const way = createRouting({
      routes: [route("gpt-4o", ["a"]), route("gpt-*", ["b"]), route("*", ["c"])],
      fallback: null,
      listedBy: nothingListed,
    });
    const upstreamOf = (model: string) => way(model)?.seats.list[0]?.upstream;
    expect(["gpt-4o", "gpt-4o-mini", "gpt-", "llama"].map(upstreamOf)).toEqual([
      "a",
      "b",
      "b",
      "c",
    ]);
  });

  it("gives the same seats again and again, so that a line can group by them", () => {
    const way = createRouting({
      routes: [route("*", ["a"])],
      fallback: "b",
      listedBy: nothingListed,
    });
    expect(way("one")?.seats).toBe(way("two")?.seats);
    expect(way(null)?.seats).toBe(way("two")?.seats);
  });

  it("puts those that share the work in one tier, and each fallback in its own", () => {
    const routes = [route("m", ["a", "b"], ["c", "a", "d"])];
    const way = createRouting({ routes, fallback: null, listedBy: nothingListed });
    expect(way("m")?.seats.list).toEqual([
      { upstream: "a", tier: 0, model: null },
      { upstream: "b", tier: 0, model: null },
      { upstream: "c", tier: 1, model: null },
      { upstream: "d", tier: 3, model: null },
    ]);
  });

  it("says what a model is called at each upstream", () => {
    const routes = [
      { model: "fast", upstreams: [target("a", "llama"), target("b")], fallbacks: [] },
    ];
    const way = createRouting({ routes, fallback: null, listedBy: nothingListed });
    expect([...(way("fast")?.names ?? [])]).toEqual([["a", "llama"]]);
    // The line too: two names of one model need no swap on an upstream that holds one.
    expect(way("fast")?.seats.list.map(({ model }) => model)).toEqual(["llama", null]);
  });
});

describe("a model that no route names", () => {
  const listedBy = (model: string) => (model === "phi" ? "ollama" : null);

  it("goes to the upstream that lists it, before the fallback", () => {
    const way = createRouting({ routes: [], fallback: "default", listedBy });
    expect(way("phi")?.seats.list[0]?.upstream).toBe("ollama");
    expect(way("other")?.seats.list[0]?.upstream).toBe("default");
    expect(way(null)?.seats.list[0]?.upstream).toBe("default");
  });

  it("leads nowhere without a fallback", () => {
    const way = createRouting({ routes: [route("gpt-*", ["a"])], fallback: null, listedBy });
    expect(way("other")).toBeNull();
    expect(way(null)).toBeNull();
  });
});

describe("pools", () => {
  const upstreams = (...names: string[]) => names.map((name) => ({ name, box: null }));

  it("join what a route joins, fallbacks too, also over several routes", () => {
    const routes = [route("x", ["a", "b"]), route("y", ["b"], ["c"]), route("z", ["d"])];
    expect(poolsOf(upstreams("a", "b", "c", "d", "e"), routes)).toEqual([
      ["a", "b", "c"],
      ["d"],
      ["e"],
    ]);
  });

  it("join what shares a box", () => {
    const boxed = [
      { name: "chat", box: "gpu" },
      { name: "far", box: null },
      { name: "embed", box: "gpu" },
    ];
    expect(poolsOf(boxed, [])).toEqual([["chat", "embed"], ["far"]]);
  });

  it("hold every upstream exactly once, whatever the routes", () => {
    const names = ["a", "b", "c", "d", "e"];
    const some = fc.subarray(names, { minLength: 1 });
    fc.assert(
      fc.property(fc.array(fc.tuple(some, some)), (pairs) => {
        const pools = poolsOf(
          upstreams(...names),
          pairs.map(([one, other]) => route("m", one, other)),
        );
        expect(pools.flat().toSorted()).toEqual(names);
      }),
    );
  });
});
