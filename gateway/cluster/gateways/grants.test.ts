import { expect, it } from "vitest";
import { settled } from "../../test/support/cluster-desk/test-desk.ts";
import { Grants } from "./grants.ts";
import type { Holds } from "./ports.ts";

it("writes a lower number again, if the database was away when it fell", async () => {
  let now = 0;
  let isAway = false;
  const asked: Holds[] = [];
  const grants = new Grants({
    ...{ now: () => now, written: {}, mayGrant: () => true, isHeld: () => true },
    ...{ pass: () => {}, onRefused: () => {} },
    write: async (holds) => {
      if (isAway) throw new Error("away");
      asked.push(holds);
      return true;
    },
  });
  const later = async (): Promise<void> => {
    now += 2_500;
    grants.tick();
    await settled();
  };
  grants.use("u", 1);
  await later();
  expect(asked).toEqual([{ u: 1 }]);

  grants.use("u", -1);
  isAway = true;
  await later();
  await later();
  isAway = false;
  await later();
  expect(asked).toEqual([{ u: 1 }, {}]);
  await later();
  expect(asked).toHaveLength(2);
});
