import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Roster } from "./roster.ts";

describe("a roster", () => {
  it("is a map, in order of arrival, whatever comes and goes", () => {
    const step = fc.record({ id: fc.nat(40).map(String), goes: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const roster = new Roster<number>();
        const map = new Map<string, number>();
        for (const [at, { id, goes }] of steps.entries()) {
          if (goes) expect(roster.delete(id)).toBe(map.delete(id));
          else {
            roster.set(id, at);
            map.set(id, at);
          }
          expect(roster.size).toBe(map.size);
          expect(roster.get(id)).toBe(map.get(id));
          expect(roster.has(id)).toBe(map.has(id));
        }
        expect([...roster.keys()]).toEqual([...map.keys()]);
        expect([...roster.values()]).toEqual([...map.values()]);
      }),
    );
  });

  /** Megabytes that grew old while 200 000 short-lived things of half a kilobyte went through. */
  function promoted(create: string): number {
    const code = `
      import { Roster } from ${JSON.stringify(new URL("./roster.ts", import.meta.url).href)};
      import { getHeapSpaceStatistics } from "node:v8";
      const old = () => getHeapSpaceStatistics().find((s) => s.space_name === "old_space").space_used_size;
      const here = ${create};
      here.set("first", []);
      gc();
      gc();
      const before = old();
      let most = 0;
      for (let id = 0; id < 200_000; id++) {
        here.set("id" + id, new Array(64).fill(id));
        here.delete("id" + (id - 32));
        if (id % 1000 === 0) most = Math.max(most, old() - before);
      }
      console.log(most / 1e6);`;
    const flags = ["--expose-gc", "--max-semi-space-size=1", "--input-type=module", "-e", code];
    const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: "utf8" });
    if (stdout === "") throw new Error(stderr);
    return Number(stdout);
  }

  it("lets what has left be collected young, which a Map of long standing does not", () => {
    const kept = promoted("new Map()");
    expect(kept).toBeGreaterThan(2);
    expect(promoted("new Roster()")).toBeLessThan(kept / 2);
  });
});
