import { expect, test } from "vitest";
import type { z } from "zod";
import { orOff } from "./kind.ts";
import { bytes, capacity, count, duration, host, key, pace, port, userName } from "./kinds.ts";

test.each<[string, z.ZodType<unknown, string>, string, unknown]>([
  ["port", port, "0", 0],
  ["port", port, "65535", 65_535],
  ["capacity", capacity, "4", 4],
  ["capacity", capacity, "AUTO", "auto"],
  ["count", count, "0", 0],
  ["pace", pace, "12.5", 12.5],
  ["duration", duration(1), "500ms", 500],
  ["duration", duration(1), "10s", 10_000],
  ["duration", duration(1), "10", 10_000],
  ["duration", duration(1), "1.5m", 90_000],
  ["duration", duration(1), "1h", 3_600_000],
  ["duration", duration(1), "10 S", 10_000],
  ["duration", duration(0), "0", 0],
  ["duration or off", orOff(duration(1)), "Off", null],
  ["bytes", bytes, "1000", 1_000],
  ["bytes", bytes, "32MiB", 33_554_432],
  ["bytes", bytes, "1.5 KiB", 1_536],
  ["bytes", bytes, "2mb", 2_000_000],
  ["bytes", bytes, "1GB", 1_000_000_000],
  ["bytes", bytes, "1GiB", 1_073_741_824],
  ["host", host, "0.0.0.0", "0.0.0.0"],
  ["host", host, "::1", "::1"],
  ["host", host, "[::]", "::"],
  ["host", host, "gpu-box.lan", "gpu-box.lan"],
  ["key", key, "Bearer sk-1", "sk-1"],
  ["key", key, "bearer  sk-1", "sk-1"],
  ["user name", userName, "alice b", "alice b"],
])("%s: %# takes %3$s", (_name, schema, text, value) => {
  expect(schema.parse(text)).toBe(value);
});

test.each<[string, z.ZodType<unknown, string>, string[]]>([
  ["port", port, ["65536", "-1", "8e3", "0x50", "80.5", "http", "８０"]],
  ["capacity", capacity, ["0", "-1", "many", "1.5", "10001"]],
  ["count", count, ["-1", "1.5", "x"]],
  ["pace", pace, ["0", "-1", "fast", "1e9", "Infinity"]],
  ["duration", duration(1), ["0", "0s", "10x", "s", "-5s", "1d", "577h", "1h30m", "1e3"]],
  ["duration or off", orOff(duration(1)), ["0", "never"]],
  ["bytes", bytes, ["0", "32Mi", "-1", "big", "1TiB", "MiB"]],
  ["host", host, ["http://box", "127.0.0.1:80", "localhost:80", "a b", "[::1]:80"]],
  ["key", key, ["two words", "Bearer", "schlüssel", "a\nb"]],
  ["user name", userName, ["sk-0123", " ", "a\nb", "-x"]],
])("%s refuses what it is not, with a rule that does not repeat it", (_name, schema, texts) => {
  for (const text of texts) {
    const result = schema.safeParse(text);
    expect(result.success, text).toBe(false);
    expect(result.error?.issues[0]?.message, text).toMatch(/^must be [^\n]+$/);
  }
});
