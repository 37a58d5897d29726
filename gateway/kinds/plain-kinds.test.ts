import { expect, test } from "vitest";
import { duration as from } from "./duration.ts";
import { orOff, readText, type ValueKind } from "./kind.ts";
import {
  age,
  capacity,
  count,
  duration,
  durationOrZero,
  host,
  key,
  pace,
  port,
  userName,
  window,
} from "./plain-kinds.ts";
import { size } from "./size.ts";

test.each<[string, ValueKind<unknown>, string, unknown]>([
  ["port", port, "0", 0],
  ["port", port, "65535", 65_535],
  ["capacity", capacity, "4", 4],
  ["capacity", capacity, "AUTO", "auto"],
  ["count", count, "0", 0],
  ["pace", pace, "12.5", 12.5],
  ["duration", duration, "500ms", 500],
  ["duration", duration, "10s", 10_000],
  ["duration", duration, "10", 10_000],
  ["duration", duration, "1.5m", 90_000],
  ["duration", duration, "1h", 3_600_000],
  ["duration", duration, "10 S", 10_000],
  ["duration", durationOrZero, "0", 0],
  ["duration or off", orOff(duration), "Off", null],
  ["size", size, "1000", 1_000],
  ["size", size, "32MiB", 33_554_432],
  ["size", size, "1.5 KiB", 1_536],
  ["size", size, "2mb", 2_000_000],
  ["size", size, "1GB", 1_000_000_000],
  ["size", size, "1GiB", 1_073_741_824],
  ["host", host, "0.0.0.0", "0.0.0.0"],
  ["host", host, "::1", "::1"],
  ["host", host, "[::]", "::"],
  ["host", host, "gpu-box.lan", "gpu-box.lan"],
  ["key", key, "Bearer sk-1", "sk-1"],
  ["key", key, "bearer  sk-1", "sk-1"],
  ["user name", userName, "alice b", "alice b"],
])("%s: %# takes %3$s", (_name, kind, text, value) => {
  expect(kind.read(text)).toBe(value);
});

test.each<[string, ValueKind<unknown>, string[]]>([
  ["port", port, ["65536", "-1", "8e3", "0x50", "80.5", "http", "８０"]],
  ["capacity", capacity, ["0", "-1", "many", "1.5", "10001"]],
  ["count", count, ["-1", "1.5", "x"]],
  ["pace", pace, ["0", "-1", "fast", "1e9", "Infinity"]],
  ["duration", duration, ["0", "0s", "10x", "s", "-5s", "1w", "577h", "1h30m", "1e3"]],
  ["duration or off", orOff(duration), ["0", "never"]],
  ["size", size, ["0", "32Mi", "-1", "big", "1TiB", "MiB"]],
  ["host", host, ["http://box", "127.0.0.1:80", "localhost:80", "a b", "[::1]:80"]],
  ["key", key, ["two words", "Bearer", "schlüssel", "a\nb"]],
  ["user name", userName, ["sk-0123", " ", "a\nb", "-x"]],
])("%s refuses what it is not, with a rule that does not repeat it", (_name, kind, texts) => {
  for (const text of texts) {
    expect(readText(kind, text).fault, text).toMatch(/^must be [^\n]+$/);
  }
});

test("a duration has the same units everywhere, and says its bounds", () => {
  for (const [text, ms] of [
    ["500ms", 500],
    ["2s", 2_000],
    ["2m", 120_000],
    ["2h", 7_200_000],
    ["2d", 172_800_000],
  ] as const) {
    expect(duration.read(text)).toBe(ms);
    expect(age.read(text)).toBe(ms);
    if (ms >= 1_000) expect(window.read(text)).toBe(ms);
  }
  expect(readText(window, "500ms").fault).toMatch(/ms, s, m, h or d, at least 1s and at most 31d$/);
  expect(readText(duration, "25d").fault).toMatch(/above 0 and at most 24d$/);
  expect(readText(from(0, 90_000), "91s").fault).toMatch(/at most 90s$/);
});
