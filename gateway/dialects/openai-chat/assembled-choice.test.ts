import { expect, it } from "vitest";
import { AssembledChoice, type Fields } from "./assembled-choice.ts";

const parsed = (text: string): Fields => JSON.parse(text) as Fields;

it("takes a field named __proto__ for no field of all objects there are", () => {
  const choice = new AssembledChoice(0);
  for (const text of ['{"delta":{"__proto__":{"polluted":true}}}', '{"delta":{"content":"hi"}}']) {
    choice.add(parsed(text));
  }
  choice.add(
    parsed('{"delta":{"tool_calls":[{"index":0,"function":{"__proto__":{"polluted":1}}}]}}'),
  );
  choice.add(
    parsed('{"delta":{"tool_calls":[{"index":0,"function":{"__proto__":{"polluted":1}}}]}}'),
  );
  expect("polluted" in {}).toBe(false);
  expect(choice.chat().message).toMatchObject({ content: "hi" });
});
