import { describe, expect, it } from "vitest";
import { joinModels } from "./join-models.ts";
import type { CatalogEntry } from "./model-entries.ts";

const entry = (upstream: string, id: string, more: Partial<CatalogEntry> = {}): CatalogEntry => ({
  id,
  created: 7,
  ownedBy: "llamacpp",
  upstream,
  contextLength: null,
  status: null,
  raw: {},
  ...more,
});
const all = () => true;

describe("the joined list of models", () => {
  it("has the names of routes first, then what upstreams list, each once", () => {
    const { object, data } = joinModels(
      [entry("a", "one"), entry("b", "one"), entry("b", "two")],
      [
        { name: "fast", upstream: "b", model: "two" },
        { name: "two", upstream: "a", model: null },
        { name: "fast", upstream: "a", model: "one" },
        { name: "gpt-*", upstream: "a", model: null },
      ],
      all,
    );
    expect(object).toBe("list");
    expect(data.map(({ id }) => id)).toEqual(["fast", "two", "one"]);
  });

  it("shows an alias as itself, with what its upstream says of the model behind it", () => {
    const raw = { meta: { n_ctx: 4096 }, id: "never" };
    const { data } = joinModels(
      [entry("b", "two", { raw }), entry("a", "two", { ownedBy: "other" })],
      [
        { name: "fast", upstream: "b", model: "two" },
        { name: "cloud", upstream: "paid", model: "x" },
        { name: "own", upstream: "http://10.0.0.7:8080", model: "x" },
      ],
      (id) => id !== "two",
    );
    expect(data).toEqual([
      { id: "fast", object: "model", created: 7, owned_by: "llamacpp", meta: { n_ctx: 4096 } },
      { id: "cloud", object: "model", created: 0, owned_by: "paid" },
      { id: "own", object: "model", created: 0, owned_by: "upstream" },
    ]);
  });

  it("shows what a key may use, and nothing else", () => {
    const names = [{ name: "secret", upstream: "a", model: "one" }];
    const { data } = joinModels(
      [entry("a", "one"), entry("a", "two")],
      names,
      (id) => id === "two",
    );
    expect(data.map(({ id }) => id)).toEqual(["two"]);
  });

  it("shows what sleeps or loads as such, in the words of llama-server", () => {
    const routed = { status: { value: "sleeping", args: ["x"] } };
    const { data } = joinModels(
      [
        entry("a", "one", { status: "loading" }),
        entry("b", "one", { status: "loaded" }),
        entry("a", "two", { status: "sleeping" }),
        entry("a", "three", { status: "sleeping", raw: routed }),
      ],
      [],
      all,
    );
    expect(data.map(({ id, status }) => [id, status])).toEqual([
      ["one", { value: "loaded" }],
      ["two", { value: "sleeping" }],
      ["three", routed.status],
    ]);
  });
});
