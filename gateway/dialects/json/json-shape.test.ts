import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseObject } from "./json-body.ts";
import { bodyBounds, refuseHostileShape } from "./json-shape.ts";

const padding = " ".repeat(70_000);
const { depth, values, keys, keyBytes, topLevelFields, numberBytes } = bodyBounds;

describe("a body's shape", () => {
  it.each([
    ["nested too deep", `{"x":${"[".repeat(600)}${"]".repeat(600)}}${padding}`, `${depth} levels`],
    ["opened and never closed", "[".repeat(100_000), `${depth} levels`],
    ["of too many fields", `{${'"a":1,'.repeat(20_000)}"b":1}`, `${topLevelFields} fields`],
    ["of too many numbers", `{"x":[${"1,".repeat(values)}1]}`, `${values} values`],
    [
      "of lists without a comma",
      `{"x":[${`${"[".repeat(500)}${"]".repeat(500)},`.repeat(2001)}1]}`,
      `${values} values`,
    ],
    ["of objects with a comma each", `{"x":[${"{},".repeat(values / 2)}1]}`, `${values} values`],
    [
      "of too many names",
      `{"x":[${'{"a":{"b":1}},'.repeat(keys / 2)}1]}`,
      `${keys} names of fields`,
    ],
    [
      "with a giant name",
      `{"x":{"${"n".repeat(keyBytes)}":1}}`,
      `${keyBytes} bytes in the name of a field`,
    ],
    ["with a giant number", `{"x":${"1".repeat(70_000)}}`, `${numberBytes} bytes in one number`],
  ])("%s is a 400 that names the bound", (_what, text, bound) => {
    expect(() => parseObject(Buffer.from(text))).toThrow(
      `The request body has more than ${bound}.`,
    );
  });

  it.each([
    ["stringBytes", `{"x":"${"a".repeat(70_000)}"}`, "60000 bytes in one text"],
    ["jsonBytes", `{"x":["${"a".repeat(40_000)}","${"a".repeat(40_000)}"]}`, "60000 bytes of JSON"],
  ])("is bounded by %s too, which is larger than any body by default", (name, text, bound) => {
    const most = { ...bodyBounds, [name]: 60_000 };
    expect(() => refuseHostileShape(Buffer.from(text), values, most)).toThrow(bound);
  });

  it("is told in docs/security.md, with every bound", () => {
    const docs = readFileSync(join(import.meta.dirname, "../../../docs/security.md"), "utf8");
    for (const [name, bound] of Object.entries(bodyBounds)) {
      const written = bound.toString().replace(/\B(?=(\d{3})+$)/g, " ");
      // Four digits are written with and without a space.
      expect(docs.includes(`| ${written} |`) || docs.includes(`| ${bound} |`), name).toBe(true);
    }
  });

  it("may be large: prompts, images, embeddings and conversations pass", () => {
    const messages = Array.from({ length: 5_000 }, () => ({
      role: "user",
      content: "a [b] {c} \\",
    }));
    const image = "A".repeat(1_000_000);
    const numbers = Array.from({ length: 400_000 }, (_, at) => -at / 7);
    const note = '"\\"[[[['.repeat(10_000);
    const body = Buffer.from(JSON.stringify({ messages, image, numbers, note }));
    expect(() => refuseHostileShape(body)).not.toThrow();
    expect(parseObject(body).image).toBe(image);
  });
});
