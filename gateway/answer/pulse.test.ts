import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { type Beating, beatFor, createPulse } from "./pulse.ts";

describe("a pulse", () => {
  it("asks those who are there, whoever left before, and nobody twice", async () => {
    const pulse = createPulse({ everyMs: 10 });
    const beats = new Map<number, number>();
    const made = Array.from({ length: 20 }, (_, id): Beating => {
      const beat = (): void => void beats.set(id, (beats.get(id) ?? 0) + 1);
      return { beat, pulseIndex: -1 };
    });
    for (const one of made) pulse.add(one);
    for (const [id, one] of made.entries()) if (id % 3 === 0) pulse.remove(one);
    for (const one of made.slice(0, 4)) pulse.remove(one);
    await sleep(60);
    pulse.stop();
    const asked = [...beats.keys()].sort((a, b) => a - b);
    expect(asked).toEqual(made.flatMap((_, id) => (id > 3 && id % 3 !== 0 ? [id] : [])));
    expect(new Set(beats.values()).size).toBe(1);
  });

  it("goes on where a beat takes its own out", async () => {
    const pulse = createPulse({ everyMs: 10 });
    let beats = 0;
    for (let id = 0; id < 5; id++) {
      const one: Beating = {
        beat() {
          beats++;
          pulse.remove(one);
        },
        pulseIndex: -1,
      };
      pulse.add(one);
    }
    await sleep(60);
    pulse.stop();
    expect(beats).toBe(5);
  });

  it("beats in time for the shortest silence, and no oftener than serves", () => {
    expect(beatFor([15_000, 45_000, 240_000, null])).toBe(3_000);
    expect(beatFor([15_000, null, null, 7_500])).toBe(1_500);
    expect(beatFor([1_000, 2_000, null, 0])).toBe(1_000);
    expect(beatFor([null, null])).toBe(3_000);
  });
});
