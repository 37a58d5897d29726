import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { LoadResult } from "./load-order.ts";
import { tableOf, withTable } from "./table.ts";

const spread = { median: 0, p99: 0 };
const load: LoadResult = {
  ...{ exchanges: 0, chunks: 0, seconds: 1, cpuSeconds: null, errors: 0, firstError: null },
  ...{ latency: spread, firstChunk: spread, transit: spread, addedUs: null },
};
const row = {
  ...{ name: "x", jsonCpuUs: 123.6, requestsPerSecond: 12_345.6, chunkCpuUs: null },
  ...{ chunksPerSecond: 1, addedUs: 300.2, startMs: 250, restMb: 90, errors: 0, firstError: null },
  ...{ json: load, sse: load },
};

test("figures are rounded, grouped and have their units; the unknown is a dash", () => {
  const line = "| x | 124 | 12 346 | – | 1 | 300 µs | 250 ms | 90 MB |";
  expect(tableOf([row], "a machine").split("\n")[2]).toBe(line);
  expect(tableOf([{ ...row, errors: 2 }], "")).toContain("| x (2 errors) |");
});

test("the table takes its place in the page, again and again", () => {
  const page = readFileSync(new URL("./README.md", import.meta.url), "utf8");
  const once = withTable(page, "first");
  expect(withTable(once, "second")).toBe(withTable(page, "second"));
  expect(once).toContain("first");
  expect(() => withTable("no markers", "x")).toThrow("bench:begin");
});
