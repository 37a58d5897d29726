import { expect, it } from "vitest";
import { topLevelFields } from "./json-scan.ts";

const namesIn = (text: string): string[] =>
  topLevelFields(Buffer.from(text)).map(({ name }) => name);

it.each([
  ["that make the same number", '{"Aa":1,"BB":2,"Aa":3}', ["Aa", "BB", "Aa"]],
  ["that differ in an escape alone", '{"model":1,"mode\\u006c":2}', ["model", "model"]],
  ["that are not ASCII", '{"é":1,"Ã©":2,"名":3}', ["é", "Ã©", "名"]],
  ["that are empty or long", `{"":1,"${"x".repeat(100)}":2}`, ["", "x".repeat(100)]],
])("names of fields %s are told apart, also where they were met before", (_what, text, names) => {
  for (let time = 0; time < 2; time += 1) expect(namesIn(text)).toEqual(names);
});

it("names of fields are found where a client has sent thousands of them", () => {
  const many = Array.from({ length: 3_000 }, (_, index) => `name-${index}`);
  const text = JSON.stringify(Object.fromEntries(many.map((name) => [name, 1])));
  expect(namesIn(text)).toEqual(many);
});
