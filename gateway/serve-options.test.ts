import { expect, it } from "vitest";
import { notedSettings } from "./serve-options.ts";

const report = { settings: { PORT: { value: 8001 }, MAX_QUEUE: { value: 7 } } };

it("notes every setting of a gateway with a ledger of its own", () => {
  expect(notedSettings(report, false)).toEqual({ PORT: 8001, MAX_QUEUE: 7 });
});

it("notes no setting that is another one at each gateway of a database", () => {
  expect(notedSettings(report, true)).toEqual({ MAX_QUEUE: 7 });
});
