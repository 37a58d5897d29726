import { expect, it } from "vitest";
import { shortDuration, spokenDuration } from "./duration.ts";

it.each([
  [-5, "0s"],
  [0, "0s"],
  [20, "20ms"],
  [999.2, "1000ms"],
  [1_000, "1s"],
  [360_000, "6m0s"],
  [3_600_000, "1h0m0s"],
  [93_784_000, "26h3m4s"],
])("%d ms is %s", (ms, text) => expect(shortDuration(ms)).toBe(text));

it.each([
  [1, "1 second"],
  [61_000, "61 seconds"],
  [60_000, "1 minute"],
  [42 * 60_000 - 5, "42 minutes"],
  [3_600_000, "1 hour"],
  [30 * 86_400_000, "30 days"],
])("%d ms is said as %s", (ms, text) => expect(spokenDuration(ms)).toBe(text));
