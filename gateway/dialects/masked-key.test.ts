import { expect, it } from "vitest";
import { withKeyMasked } from "./masked-key.ts";

const key = "sk-own.key+1";

it.each([
  ["Incorrect API key provided: sk-own.key+1.", "Incorrect API key provided: ***."],
  [String.raw`{"message":"no:\nsk-own.key+1"}`, String.raw`{"message":"no:\n***"}`],
  [String.raw`"\u0022sk-own.key+1\u0022"`, String.raw`"\u0022***\u0022"`],
  ["sk-own.key+1", "***"],
])("masks a key in %j", (text, expected) => {
  expect(withKeyMasked(text, key)).toBe(expected);
});

it.each(["sk-ownXkey+1", "task-own-key", "sk-own.key+12"])("leaves %j as it is", (text) => {
  expect(withKeyMasked(text, key)).toBe(text);
});

it.each(["EMPTY", "none", "k", "ollama"])("takes the word %s for no secret", (word) => {
  expect(withKeyMasked(`The list is ${word}.`, word)).toBe(`The list is ${word}.`);
});

it("masks a longer word only where it stands alone", () => {
  expect(withKeyMasked("lm-studio: run lm-studio-cli", "lm-studio")).toBe("***: run lm-studio-cli");
});
