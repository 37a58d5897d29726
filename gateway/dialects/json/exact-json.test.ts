import { expect, it } from "vitest";
import { parseExact, plainNumber } from "./exact-json.ts";

const kept = [
  '{"id":1234567890123456789}',
  '{"max":9223372036854775807,"min":-9223372036854775808}',
  "[0.1234567890123456789,1e400]",
  '{"a":{"b":[18446744073709551615]}}',
  '{"price":12.5,"count":3,"text":"1234567890123456789","none":null}',
];

it.each(kept)("keeps every number of %s as it was written", (text) => {
  expect(JSON.stringify(parseExact(text))).toBe(text);
});

it("gives plain numbers wherever these are exact", () => {
  const text = '{"a":9007199254740991,"b":1.0,"c":1e3,"d":0.30000000000000004}';
  expect(parseExact(text)).toEqual(JSON.parse(text));
});

it("gives the nearest number where one is needed", () => {
  const { seed } = parseExact('{"seed":9007199254740993}') as { seed: unknown };
  expect(plainNumber(seed)).toBe(9007199254740992);
  expect(plainNumber("9007199254740993")).toBe("9007199254740993");
});

it("takes nothing that is no JSON", () => {
  expect(() => parseExact('{"id":1234567890123456789')).toThrow(SyntaxError);
});
