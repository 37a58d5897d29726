import fc from "fast-check";
import { expect, test } from "vitest";
import { JsonFault, placeOf, readMembers } from "./json-members.ts";

function faultOf(text: string): string {
  try {
    readMembers(text);
  } catch (error) {
    if (error instanceof JsonFault) return `${error.message} at ${placeOf(text, error.offset)}`;
  }
  return "none";
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

test("members keep the order and the spelling of the file", () => {
  const text = '{ "b": {"n": 9007199254740993},\n "42": "x", "a": [1, 2] , "__proto__": null}';
  expect(readMembers(text).map(({ name, raw }) => [name, raw])).toEqual([
    ["b", '{"n": 9007199254740993}'],
    ["42", '"x"'],
    ["a", "[1, 2]"],
    ["__proto__", "null"],
  ]);
});

test("a key that stands twice is seen twice", () => {
  expect(readMembers('{"a":1,"\\u0061":2}').map(({ name }) => name)).toEqual(["a", "a"]);
});

test("a byte order mark, as Windows editors write it, is no fault", () => {
  expect(readMembers('\uFEFF{"a":1}')).toHaveLength(1);
});

test.each([
  ["", "the file is empty at line 1, column 1"],
  [" \n ", "the file is empty at line 2, column 2"],
  ["[]", "the file must be a JSON object at line 1, column 1"],
  ['{"a": "b"', "the JSON ends too early at line 1, column 10"],
  ['{"a": "b', "the JSON ends too early at line 1, column 9"],
  ['{\n  "a": "b",\n}', "not valid JSON at line 3, column 1"],
  ['{"a": b}', "not valid JSON at line 1, column 7"],
  ['{"a": "b"} x', "there is text after the end of the JSON at line 1, column 12"],
  ['{"a": {"b": 1, "b": 2}}', "a field appears twice at line 1, column 16"],
  [`{"a": ${"[".repeat(100)}`, "the JSON is nested too deeply at line 1, column 71"],
])("%j: %s", (text, fault) => {
  expect(faultOf(text)).toBe(fault);
});

test("reads every object JSON.stringify writes, member by member", () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })),
      fc.nat(4),
      (object, n) => {
        const members = readMembers(JSON.stringify(object, null, n));
        expect(members.map(({ name, raw }) => [name, JSON.parse(raw)])).toEqual(
          Object.entries(JSON.parse(JSON.stringify(object))),
        );
      },
    ),
  );
});

test("agrees with JSON.parse about damaged text, and no half of a file is one", () => {
  const objects = fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { minKeys: 1 });
  const damage = fc.constantFrom("", '"', "\\", "{", "}", "]", ",", ":", "0", "-", "e", "\t", "u");
  fc.assert(
    fc.property(objects, fc.nat(), damage, fc.boolean(), (object, seed, piece, isCut) => {
      const text = JSON.stringify(object);
      const at = seed % text.length;
      const broken = isCut ? text.slice(0, at) : text.slice(0, at) + piece + text.slice(at + 1);
      const fault = faultOf(broken);
      if (isCut) expect(fault).not.toBe("none");
      if (fault.startsWith("a field appears twice")) return;
      const value = parsed(broken);
      const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
      expect(fault === "none").toBe(isObject);
    }),
    { numRuns: 1000 },
  );
});
