import { expect, it } from "vitest";
import { createTroubleTelling } from "./trouble-telling.ts";

it("tells that there is a keeper, each other trouble once, and nothing while nothing is known", () => {
  const told: (string | null)[] = [];
  const tell = createTroubleTelling({ trouble: (one) => void told.push(one) });
  tell(false, null);
  expect(told).toEqual([]);
  for (const _ of [1, 2]) tell(true, null);
  tell(true, "the database is away");
  expect(told).toEqual([null]);
  for (const _ of [1, 2]) tell(false, "nothing answers there");
  tell(false, null);
  tell(false, "the keeper refuses it");
  tell(true, null);
  expect(told).toEqual([null, "nothing answers there", "the keeper refuses it", null]);
});
