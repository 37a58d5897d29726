import { describe, expect, test } from "vitest";
import { readText } from "./kind.ts";
import { otlpHeaders, otlpUrl, resourceAttributes } from "./otel-kinds.ts";

describe("a collector's address", () => {
  test("loses its final slash and keeps its path", () => {
    expect(otlpUrl.read("http://gpu1:4318/")).toBe("http://gpu1:4318");
    expect(otlpUrl.read("https://x.example.com/otlp/")).toBe("https://x.example.com/otlp");
  });

  test.each(["localhost:4318", "grpc://x:4317", "http://u:p@x", "http://x/?key=1"])(
    "is not %s",
    (text) => {
      expect(readText(otlpUrl, text).fault).toMatch(/^must be the address of a collector/);
    },
  );
});

describe("headers for a collector", () => {
  test("have percent-escapes, blanks around them, and = in their values", () => {
    expect(otlpHeaders.read("Authorization=Basic%20YTpi==, x-org = a%2Cb")).toEqual({
      Authorization: "Basic YTpi==",
      "x-org": "a,b",
    });
  });

  test.each(["novalue", "=x", "bad name=x", "a=%0d%0ax: y", "a=%"])("are not %s", (text) => {
    const { fault } = readText(otlpHeaders, text);
    expect(fault).toMatch(/^must be headers/);
  });
});

test("attributes may hold any text of one line", () => {
  expect(resourceAttributes.read("team=Küche%20%F0%9F%8D%B2")).toEqual({ team: "Küche 🍲" });
  expect(readText(resourceAttributes, "a=%0a").fault).toMatch(/^must be attributes/);
});
