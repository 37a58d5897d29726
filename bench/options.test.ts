import { expect, test } from "vitest";
import { readOptions } from "./options.ts";
import { cpuOfPs } from "./process-cost.ts";

test("a peer is a name, an address of this machine, a key and a process", () => {
  expect(() => readOptions(["--peer", "a=http://127.0.0.1:1234,sk-x,me"])).toThrow("NAME=URL");
  expect(readOptions(["--peer", "a=http://127.0.0.1:1234,sk-x,77"])?.peers).toEqual([
    { name: "a", port: 1234, base: "", key: "sk-x", pid: 77, startMs: null },
  ]);
  const [under] = readOptions(["--peer", "a=http://127.0.0.1:1234/olla/openai/,k,1"])?.peers ?? [];
  expect(under?.base).toBe("/olla/openai");
});

test.each([
  "http://example.com:80",
  "http://127.0.0.1.example.com:80",
  "http://192.168.1.2:8000",
  "http://localhost:8000",
  "https://127.0.0.1:8000",
  "http://127.0.0.1@example.com:80",
  "nowhere",
])("no other address than 127.0.0.1 is measured: %s", (url) => {
  expect(() => readOptions(["--peer", `a=${url},k,1`])).toThrow("only http://127.0.0.1");
});

test("the length of a window is bounded", () => {
  expect(readOptions([])?.seconds).toBe(6);
  for (const wrong of ["0", "-1", "x", "9999"]) {
    expect(() => readOptions([`--seconds=${wrong}`])).toThrow("--seconds");
  }
});

test("the times that ps writes are read", () => {
  expect(cpuOfPs("1:02:03.50")).toBe(3723.5);
  expect(cpuOfPs("0:01.23")).toBeCloseTo(1.23);
});
