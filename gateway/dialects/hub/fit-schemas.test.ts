import { expect, it } from "vitest";
import { parseExact } from "../json/exact-json.ts";
import { fitSchemas } from "./fit-schemas.ts";
import { asSchema } from "./parts-hub.ts";

function fitted(schema: object): unknown {
  const tool = { type: "function", name: "f", inputSchema: asSchema({ ...schema }) } as const;
  const [found] = fitSchemas({ prompt: [], tools: [tool] }).tools ?? [];
  return found?.type === "function" ? found.inputSchema : null;
}

const text = { type: "string" };

it.each([
  [{}, { type: "object", properties: {} }],
  [{ type: "object" }, { type: "object", properties: {} }],
  [{ type: ["object", "null"] }, { type: "object", properties: {} }],
  [{ properties: { a: text } }, { type: "object", properties: { a: text } }],
  [
    { anyOf: [{ properties: { a: text } }, { properties: { b: text } }], $defs: {} },
    { type: "object", properties: { a: text, b: text }, $defs: {} },
  ],
])("makes of %j an object with properties", (schema, expected) => {
  expect(fitted(schema)).toEqual(expected);
});

it("keeps all that a schema says inside, its numbers too", () => {
  const schema = '{"type":"object","properties":{"id":{"maximum":9223372036854775807}}}';
  expect(JSON.stringify(fitted(Object(parseExact(schema))))).toBe(schema);
});
