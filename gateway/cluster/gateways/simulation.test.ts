import { describe, expect, it } from "vitest";
import {
  allStopped,
  databaseAway,
  keeperKilled,
  quiet,
  rollingRestart,
} from "../../test/support/cluster-sim/sim-stories.ts";
import { anything, type SimStory, simulate } from "../../test/support/cluster-sim/simulate.ts";

/** SIM_SEEDS=n tries n seeds; SIM_SEED=s one alone, and prints its history if a rule is broken. */
const only = process.env.SIM_SEED === undefined ? null : Number(process.env.SIM_SEED);
const count = Number(process.env.SIM_SEEDS ?? 1_000);
const seeds = (share: number): number[] =>
  only === null ? Array.from({ length: Math.ceil(count * share) }, (_, nth) => nth + 1) : [only];

/** The first seeds that break a rule, and how to see them again. */
async function failures(
  story: SimStory,
  name: string,
  tried: readonly number[],
): Promise<string[]> {
  const found: string[] = [];
  for (const seed of tried) {
    const { faults, history } = await simulate(seed, story);
    if (faults.length === 0) continue;
    if (only !== null) console.info(history.join("\n"));
    const replay = `SIM_SEED=${seed} npx vitest run ${file} -t "${name}"`;
    found.push(`${replay} # ${faults[0]}`);
    if (found.length === 5) break;
  }
  return found;
}

const file = "gateway/cluster/gateways/simulation.test.ts";
/** On two slow cores that other tests use too. Milliseconds for each seed. */
const seedMs = 2_000;

const stories: readonly [name: string, story: SimStory, share: number][] = [
  ["keep all rules whatever happens", anything, 0.75],
  ["lose nothing while nothing happens", quiet, 0.02],
  ["lose nothing while each is restarted", rollingRestart, 0.06],
  ["let all that runs end when all are stopped at once", allStopped, 0.03],
  ["serve again within five seconds of the keeper's death", keeperKilled, 0.06],
  ["go on with what runs, and start nothing, without the database", databaseAway, 0.06],
];

describe("simulated gateways of a cluster", () => {
  for (const [name, story, share] of stories) {
    it(
      name,
      async () => {
        expect(await failures(story, name, seeds(share))).toEqual([]);
      },
      count * seedMs,
    );
  }

  it("go the same way with the same seed", async () => {
    for (const seed of [1, 2, 3]) {
      const [one, other] = [await simulate(seed), await simulate(seed)];
      expect(other.hash()).toBe(one.hash());
      expect(one.claims).toBeGreaterThan(5);
    }
    expect((await simulate(4)).hash()).not.toBe((await simulate(5)).hash());
  });
});
