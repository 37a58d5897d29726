import { expect, test } from "vitest";
import { parseInstant } from "./instant.ts";

test.each([
  ["2026-11-21", "2026-11-21T00:00:00.000Z"],
  ["2026-11-21T10:30", "2026-11-21T10:30:00.000Z"],
  ["2026-11-21 10:30:05", "2026-11-21T10:30:05.000Z"],
  ["2026-11-21T10:30:05.250Z", "2026-11-21T10:30:05.250Z"],
  ["2026-11-21T10:30:00+02:00", "2026-11-21T08:30:00.000Z"],
  ["2026-11-21T10:30:00-0500", "2026-11-21T15:30:00.000Z"],
  ["2028-02-29", "2028-02-29T00:00:00.000Z"],
])("%s is %s", (text, instant) => {
  expect(new Date(parseInstant(text) ?? Number.NaN).toISOString()).toBe(instant);
});

test.each([
  "",
  "tomorrow",
  "2026-02-30",
  "2026-13-01",
  "2026-11-21T25:00",
  "21.11.2026",
  "1760000000",
])("%j is no instant", (text) => {
  expect(parseInstant(text)).toBeNull();
});
