import { describe, expect, it } from "vitest";
import { parseObject } from "./json-body.ts";
import { refuseHostileShape } from "./json-shape.ts";

const padding = " ".repeat(70_000);

describe("a body's shape", () => {
  it.each([
    ["nested too deep", `{"x":${"[".repeat(600)}${"]".repeat(600)}}${padding}`],
    ["opened and never closed", "[".repeat(100_000)],
    ["of too many fields", `{${'"a":1,'.repeat(20_000)}"b":1}${padding}`],
  ])("%s is a 400", (_what, text) => {
    expect(() => parseObject(Buffer.from(text))).toThrow(/more than/);
  });

  it("may be large: prompts, images and conversations pass", () => {
    const messages = Array.from({ length: 5_000 }, () => ({
      role: "user",
      content: "a [b] {c} \\",
    }));
    const image = "A".repeat(1_000_000);
    const body = Buffer.from(JSON.stringify({ messages, image, note: '"\\"[[[['.repeat(10_000) }));
    expect(() => refuseHostileShape(body)).not.toThrow();
    expect(parseObject(body).image).toBe(image);
  });
});
